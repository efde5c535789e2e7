import { mount } from "./src/widget.mjs";

globalThis.mountWidget = mount;
