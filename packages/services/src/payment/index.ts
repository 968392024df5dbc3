export { createPaymentGateway } from "./create-payment-gateway.ts";
