# One image for the four apps; docker-compose.yml says which of them a container runs.

FROM node:24-bookworm-slim AS build
WORKDIR /build
ENV CI=true
RUN npm install --global --no-audit --no-fund pnpm@12.21.0

# From the lockfile alone: this layer is made anew only when a dependency changes.
COPY pnpm-lock.yaml pnpm-workspace.yaml ./
RUN pnpm fetch --ignore-scripts

# Without scripts, because the only one allowed fetches a second Node.
COPY . .
RUN pnpm install --frozen-lockfile --offline --ignore-scripts
RUN pnpm --recursive run build

# What runs, and nothing to build it with: pnpm only unlinks what --prod leaves out, so the folders are made anew.
# pnpm-workspace.yaml stays out too: without it relative paths start at /data.
RUN rm -rf node_modules packages/*/node_modules apps/*/node_modules \
    && pnpm install --frozen-lockfile --offline --ignore-scripts --prod \
    && mkdir /app && cp --archive --parents --target-directory=/app node_modules \
    packages/*/package.json packages/*/node_modules packages/*/dist \
    apps/*/package.json apps/*/node_modules apps/*/dist

FROM node:24-bookworm-slim
# A new named volume takes its owner and mode from this folder.
RUN mkdir --mode=0700 /data && chown node:node /data
WORKDIR /app
COPY --from=build /app ./
ENV DATABASE_URL=file:/data/shop.db DATA_DIR=/data INVOICE_DIR=/data/invoices
USER node
VOLUME /data
