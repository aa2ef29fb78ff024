import { LeftOutlined, MessageOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { openDirect } from "@/api/endpoints";
import type { Member, MemberState } from "@/api/types";
import { putConversation } from "@/shared/chat/conversations";
import { memberQuery } from "@/shared/people/queries";
import { useMyUserid } from "@/shared/session/me";
import { Avatar } from "@/shared/ui/Avatar";
import { ErrorState, SkeletonRows } from "@/shared/ui/states";
import { toastError } from "@/shared/ui/toast";
import styles from "./contacts.module.css";

export function MemberPage() {
  const { userid = "" } = useParams();
  const member = useQuery(memberQuery(userid));
  const name = member.data?.name;
  useEffect(() => {
    if (name) document.title = `${name} · Pegboard`;
  }, [name]);
  if (member.isError) return <ErrorState error={member.error} onRetry={() => void member.refetch()} />;
  if (!member.data) return <SkeletonRows />;
  return <Loaded member={member.data} />;
}

const stateLabels: Record<
  Exclude<MemberState, "active">,
  "people.stateInvited" | "people.stateSuspended" | "people.stateLeft"
> = {
  invited: "people.stateInvited",
  suspended: "people.stateSuspended",
  left: "people.stateLeft",
};

const adminLabels = {
  owner: "contacts.owner",
  super: "contacts.superAdmin",
  sub: "contacts.subAdmin",
} as const;

function Loaded({ member }: { member: Member }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const myUserid = useMyUserid();
  const [busy, setBusy] = useState(false);
  const { userid, name, title, state } = member;

  const sendMessage = async () => {
    setBusy(true);
    try {
      const conversation = await openDirect(userid);
      putConversation(client, conversation);
      navigate(`/messages/${conversation.id}`);
    } catch (error) {
      toastError(error);
      setBusy(false);
    }
  };

  return (
    <div className={styles.scroll}>
      <header className={styles.head}>
        <button
          type="button"
          className={styles.back}
          aria-label={t("action.back")}
          onClick={() => navigate(-1)}
        >
          <LeftOutlined aria-hidden />
        </button>
        <div className={styles.headText}>
          <h1>{name}</h1>
        </div>
      </header>
      <div className={styles.card}>
        <div className={styles.cardHead}>
          <Avatar id={userid} name={name} size={64} />
          <div className={styles.cardName}>
            <strong>{name}</strong>
            {title && <span>{title}</span>}
            {state !== "active" && <span className={styles.stateTag}>{t(stateLabels[state])}</span>}
          </div>
          {userid !== myUserid && state !== "left" && (
            <Button
              type="primary"
              icon={<MessageOutlined aria-hidden />}
              loading={busy}
              onClick={sendMessage}
              data-testid="send-message"
            >
              {t("contacts.sendMessage")}
            </Button>
          )}
        </div>
        <dl className={styles.facts}>
          <Fact label={t("contacts.departments")}>
            {member.departments.map((department) => (
              <span key={department.id} className={styles.line}>
                <Link to={`/contacts/departments/${department.id}`}>
                  {department.path.length > 0 ? department.path.join(" / ") : department.name}
                </Link>
                {department.leader && <span className={styles.stateTag}>{t("contacts.leader")}</span>}
                {department.main && member.departments.length > 1 && (
                  <span className={styles.stateTag}>{t("contacts.main")}</span>
                )}
              </span>
            ))}
          </Fact>
          <Fact label={t("contacts.mobile")}>
            {member.mobile && <a href={`tel:${member.mobile}`}>{member.mobile}</a>}
          </Fact>
          <Fact label={t("contacts.email")}>
            {member.email && <a href={`mailto:${member.email}`}>{member.email}</a>}
          </Fact>
          <Fact label={t("contacts.manager")}>
            {member.manager_userid && (
              <Link to={`/contacts/members/${encodeURIComponent(member.manager_userid)}`}>
                {member.manager_name ?? member.manager_userid}
              </Link>
            )}
          </Fact>
          <Fact label={t("contacts.jobNumber")}>{member.job_number}</Fact>
          <Fact label={t("contacts.workPlace")}>{member.work_place}</Fact>
          <Fact label={t("contacts.roles")}>
            {[member.admin && t(adminLabels[member.admin]), ...member.roles.map((role) => role.name)]
              .filter(Boolean)
              .join(t("system.separator"))}
          </Fact>
          <Fact label={t("contacts.userid")}>{userid}</Fact>
        </dl>
      </div>
    </div>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  const empty = !children || (Array.isArray(children) && children.length === 0);
  if (empty) return null;
  return (
    <div className={styles.fact}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
