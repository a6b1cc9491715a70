# The control plane, with the agent for Linux on the same kind of processor to serve: docker build -t operone:local .

# Line for line as in Operone.Agent/Dockerfile: whoever builds both compiles the agent once.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS agent
RUN apt-get update && apt-get install -y --no-install-recommends clang zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY .editorconfig Directory.Build.props Directory.Packages.props global.json ./
COPY Operone.Core Operone.Core
COPY Operone.Disk Operone.Disk
COPY Operone.Agent Operone.Agent
RUN rid=linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/') \
 && dotnet publish Operone.Agent -c Release -r "$rid" -o "/agents/$rid" -nologo -p:RunAnalyzersDuringBuild=false

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS web
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY .editorconfig Directory.Build.props Directory.Packages.props global.json ./
COPY Operone.Core Operone.Core
COPY Operone.Disk Operone.Disk
COPY Operone.Web Operone.Web
RUN rid=linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/') \
 && dotnet publish Operone.Web -c Release -r "$rid" --self-contained false -o /web -nologo -p:RunAnalyzersDuringBuild=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
RUN install -d -o "$APP_UID" -g "$APP_UID" -m 0700 /data
COPY --from=agent /agents /agents
COPY --from=web /web .
USER $APP_UID
ENV ASPNETCORE_HTTP_PORTS= ASPNETCORE_URLS=http://+:5080 Operone__DataDirectory=/data Operone__AgentsDirectory=/agents
EXPOSE 5080
VOLUME /data
ENTRYPOINT ["dotnet", "operone-web.dll"]
