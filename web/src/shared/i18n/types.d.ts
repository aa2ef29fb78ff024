import "i18next";
import type catalogue from "./zh-TW.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof catalogue };
    enableSelector: false;
  }
}
