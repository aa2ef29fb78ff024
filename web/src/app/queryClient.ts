import { QueryClient } from "@tanstack/react-query";
import { isTransient } from "@/api/errors";

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: (failures, error) => isTransient(error) && failures < 2,
        refetchOnWindowFocus: false,
      },
    },
  });
}
