import { LeftOutlined } from "@ant-design/icons";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import styles from "./ui.module.css";

interface PageHeadProps {
  title: string;
  /** Where the arrow leads on a phone, where one pane is shown at a time. */
  back: string;
  extra?: ReactNode;
}

export function PageHead({ title, back, extra }: PageHeadProps) {
  const { t } = useTranslation();
  return (
    <header className={styles.pageHead}>
      <Link to={back} className={styles.pageBack} aria-label={t("action.back")}>
        <LeftOutlined aria-hidden />
      </Link>
      <h1>{title}</h1>
      {extra}
    </header>
  );
}
