import { mount } from "./src/widget.mjs";

setTimeout(() => {
  try {
    mount({});
  } catch (error) {
    globalThis.reportError(error);
  }
}, 0);
