from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.errors import UserError
from app.secret import load_keys, open_box

A = base64.b64encode(bytes(range(32))).decode()
B = base64.urlsafe_b64encode(bytes(range(224, 256))).decode()


def test_the_key_file_is_made_on_first_use_and_only_its_owner_reads_it(tmp_path):
    file = tmp_path / "home" / "secret.key"
    sealed = open_box(secret_key=None, key_file=file).seal("ghp_token")
    assert file.stat().st_mode & 0o777 == 0o600
    assert open_box(secret_key=None, key_file=file).open(sealed) == "ghp_token"
    assert "ghp" not in sealed
    assert [entry.name for entry in file.parent.iterdir()] == ["secret.key"]


def test_many_first_uses_at_once_agree_on_one_key(tmp_path):
    file = tmp_path / "secret.key"
    with ThreadPoolExecutor(8) as pool:
        assert (
            len({bytes(keys[0]) for keys in pool.map(lambda _: load_keys(secret_key=None, key_file=file), range(8))})
            == 1
        )


def test_a_new_key_goes_in_front_and_old_secrets_still_open(tmp_path):
    none = tmp_path / "none"
    old = open_box(secret_key=A, key_file=none).seal("x")
    both = open_box(secret_key=f"{B}, {A}", key_file=none)
    assert both.open(old) == "x"
    assert open_box(secret_key=B, key_file=none).open(both.reseal(old)) == "x"
    with pytest.raises(UserError, match="Restore the key"):
        open_box(secret_key=B, key_file=none).open(old)
    assert not none.exists()


@pytest.mark.parametrize("bad", ["short", "é" * 44, A[:-4], "!" * 44])
def test_a_key_of_the_wrong_form_says_how_to_make_one(tmp_path, bad):
    with pytest.raises(UserError, match=r"PLUMBLINE_SECRET_KEY: .*openssl rand -base64 32") as error:
        open_box(secret_key=bad, key_file=tmp_path / "none")
    assert bad not in str(error.value)


def test_a_key_file_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "secret.key"
    load_keys(secret_key=None, key_file=file)
    file.chmod(0o640)
    with pytest.raises(UserError, match=f"chmod 600 {file}"):
        load_keys(secret_key=None, key_file=file)


def test_an_empty_key_file_is_not_quietly_replaced(tmp_path):
    file = tmp_path / "secret.key"
    file.touch(0o600)
    with pytest.raises(UserError, match="empty"):
        load_keys(secret_key=None, key_file=file)


def test_derived_keys_differ_by_purpose_and_stay_the_same(tmp_path):
    box = open_box(secret_key=A, key_file=tmp_path / "none")
    assert box.derive("session cookies") == open_box(secret_key=A, key_file=tmp_path / "none").derive("session cookies")
    assert box.derive("session cookies") != box.derive("sign-in links")
    assert len(box.derive("x")) == 32
