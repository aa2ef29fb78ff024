import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Navigate, Outlet, useLocation } from "react-router";
import { confirmMembership } from "@/api/endpoints";
import { ApiError } from "@/api/errors";
import type { Me } from "@/api/types";
import { rememberOrganisation, useMeQuery } from "@/shared/session/me";
import { EmptyState, ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import { leave } from "./signedOut";

/** Lets through whoever is signed in and works in an organisation; everybody else is told what to do. */
export function RequireSession() {
  const me = useMeQuery();
  const location = useLocation();
  if (me.data) return me.data.member ? <Outlet /> : <NoOrganisation me={me.data} />;
  if (me.error instanceof ApiError && me.error.status === 401) {
    const next = encodeURIComponent(location.pathname + location.search);
    return <Navigate to={`/sign-in?next=${next}`} replace />;
  }
  if (me.error) return <ErrorState error={me.error} onRetry={() => void me.refetch()} />;
  return <SkeletonRows rows={8} />;
}

function NoOrganisation({ me }: { me: Me }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const invited = me.organisations.filter((organisation) => organisation.state === "invited");
  const join = async (orgId: string) => {
    try {
      await confirmMembership(orgId);
      rememberOrganisation(orgId);
      await client.invalidateQueries({ queryKey: ["me"] });
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <EmptyState
      title={t("session.noOrganisation")}
      text={invited.length > 0 ? t("session.invitedText") : t("session.noOrganisationText")}
      action={
        <>
          {invited.map((organisation) => (
            <Button key={organisation.org_id} type="primary" onClick={() => join(organisation.org_id)}>
              {t("session.join", { name: organisation.name })}
            </Button>
          ))}
          <Button onClick={() => void leave().catch(toastError)}>{t("shell.signOut")}</Button>
        </>
      }
    />
  );
}
