import { isRouteErrorResponse, useRouteError } from "react-router";
import { ErrorState } from "@/shared/ui/states";
import { NotFoundPage } from "./NotFoundPage";

/** A screen that broke, or whose code could not be fetched (a new version was installed meanwhile). */
export function RouteError() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <NotFoundPage />;
  return <ErrorState error={error} onRetry={() => window.location.reload()} />;
}
