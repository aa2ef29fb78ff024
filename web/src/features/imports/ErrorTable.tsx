import { Table, type TableColumnsType } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { ImportError } from "@/api/types";

/** What each code means, in the words of whoever keeps the list. */
const codeLabels = {
  required: "import.codeRequired",
  duplicate: "import.codeDuplicate",
  invalid: "import.codeInvalid",
  too_long: "import.codeTooLong",
  too_deep: "import.codeTooDeep",
  not_found: "import.codeNotFound",
  cycle: "import.codeCycle",
} as const;

function isKnown(code: string): code is keyof typeof codeLabels {
  return Object.hasOwn(codeLabels, code);
}

interface ErrorTableProps {
  errors: ImportError[];
  /** How many there are in all; the server sends the first thousand. */
  total: number;
}

/** Every wrong cell: row and column as the spreadsheet shows them, what is wrong, and the details. */
export function ErrorTable({ errors, total }: ErrorTableProps) {
  const { t } = useTranslation();
  const columns = useMemo<TableColumnsType<ImportError>>(
    () => [
      {
        title: t("import.row"),
        dataIndex: "row",
        width: 90,
        // Row 0 is the file as a whole.
        render: (row: number) => row || "–",
        sorter: (a, b) => a.row - b.row,
        defaultSortOrder: "ascend",
      },
      {
        title: t("import.column"),
        dataIndex: "column",
        width: 150,
        filters: [...new Set(errors.map((error) => error.column))].map((value) => ({ text: value, value })),
        onFilter: (value, error) => error.column === value,
      },
      {
        title: t("import.problem"),
        dataIndex: "code",
        width: 130,
        render: (code: string) => (isKnown(code) ? t(codeLabels[code]) : code),
        filters: [...new Set(errors.map((error) => error.code))].map((value) => ({
          text: isKnown(value) ? t(codeLabels[value]) : value,
          value,
        })),
        onFilter: (value, error) => error.code === value,
      },
      { title: t("import.message"), dataIndex: "message" },
    ],
    [t, errors],
  );
  return (
    <Table
      size="small"
      columns={columns}
      dataSource={errors}
      rowKey={(error) => `${error.row}-${error.column}-${error.code}`}
      pagination={errors.length > 50 ? { pageSize: 50, showSizeChanger: false } : false}
      scroll={{ x: 560 }}
      aria-label={t("import.errorTable")}
      footer={
        total > errors.length ? () => t("import.moreErrors", { count: total - errors.length }) : undefined
      }
    />
  );
}
