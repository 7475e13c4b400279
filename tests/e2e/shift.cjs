// Preloaded into Node (NODE_OPTIONS=--require): its clock is ahead by the milliseconds that the file
// named in SHIFT_FILE holds, so that the stand-in for GitHub lives in the same world time as the server under test.
"use strict";
const fs = require("node:fs");
const RealDate = Date;
const ahead = () => Number(fs.readFileSync(process.env.SHIFT_FILE, "utf8")) || 0;

class ShiftedDate extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [RealDate.now() + ahead()]));
  }
  static now() {
    return RealDate.now() + ahead();
  }
}
globalThis.Date = ShiftedDate;
