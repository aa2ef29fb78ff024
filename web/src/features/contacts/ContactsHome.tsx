import { useTranslation } from "react-i18next";
import { EmptyState } from "@/shared/ui/states";

export function ContactsHome() {
  const { t } = useTranslation();
  return <EmptyState title={t("contacts.choose")} text={t("contacts.chooseText")} />;
}
