import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { RouterProvider } from "react-router";
import { Toasts } from "@/shared/ui/toast";
import { LookProvider } from "./LookProvider";
import { makeQueryClient } from "./queryClient";
import { router } from "./router";

const client = makeQueryClient();

export function App() {
  return (
    <StrictMode>
      <QueryClientProvider client={client}>
        <LookProvider>
          <RouterProvider router={router} />
          <Toasts />
        </LookProvider>
      </QueryClientProvider>
    </StrictMode>
  );
}
