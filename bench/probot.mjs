// A Probot app that does nothing: what intake is measured against. PORT and WEBHOOK_SECRET come from the environment.
import { generateKeyPairSync } from "node:crypto";
import { Probot, Server } from "probot";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const server = new Server({
  host: "127.0.0.1",
  port: Number(process.env.PORT),
  Probot: Probot.defaults({ appId: 1, privateKey, secret: process.env.WEBHOOK_SECRET, logLevel: "fatal" }),
});
await server.load((app) => {
  app.onAny(() => {});
});
await server.start();
