import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { EmptyState } from "@/shared/ui/states";

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <main>
      <EmptyState
        title={t("state.notFoundTitle")}
        text={t("state.notFoundText")}
        action={<Link to="/messages">{t("state.toMessages")}</Link>}
      />
    </main>
  );
}
