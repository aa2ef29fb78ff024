import { useTranslation } from "react-i18next";
import { EmptyState } from "@/shared/ui/states";

export function ContactsHome() {
  const { t } = useTranslation();
  return (
    <>
      <h1 className="visually-hidden">{t("contacts.title")}</h1>
      <EmptyState title={t("contacts.choose")} text={t("contacts.chooseText")} />
    </>
  );
}
