# syntax=docker/dockerfile:1

# --- build: packages, by hash, into an environment of their own ---
FROM python:3.12-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/plumbline
WORKDIR /src
COPY requirements.txt ./
RUN /opt/plumbline/bin/pip install --require-hashes --only-binary :all: -r requirements.txt
COPY pyproject.toml requirements.in README.md ./
COPY app app
COPY integrations integrations
COPY rules rules
COPY migrations migrations
RUN /opt/plumbline/bin/pip install --no-deps --no-build-isolation --no-index .

# --- run: that environment, a user without rights, nothing else ---
FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/plumbline --create-home plumbline
COPY --from=build /opt/plumbline /opt/plumbline
ENV PATH=/opt/plumbline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PLUMBLINE_HOME=/var/lib/plumbline \
    PLUMBLINE_HOST=0.0.0.0 \
    PLUMBLINE_LOG_FORMAT=json
USER plumbline
WORKDIR /var/lib/plumbline
VOLUME /var/lib/plumbline
EXPOSE 8080
# Of use for `up` and `web`; compose.yaml switches it off for the others.
HEALTHCHECK --interval=15s --timeout=3s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('PLUMBLINE_PORT', '8080') + '/readyz', timeout=2)"]
ENTRYPOINT ["plumbline"]
CMD ["up"]
