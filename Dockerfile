# The control plane, with the agent for Linux on x64 to serve.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
RUN apt-get update && apt-get install -y --no-install-recommends clang zlib1g-dev nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN dotnet publish Operone.Web -c Release -o /out/web -nologo \
 && dotnet publish Operone.Agent -c Release -r linux-x64 -o /out/agent -nologo \
 && install -D /out/agent/operone /out/agents/linux-x64/operone

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /out/web .
COPY --from=build /out/agents /agents
RUN mkdir /data && chown app /data
USER app
ENV ASPNETCORE_URLS=http://+:5080 Operone__DataDirectory=/data Operone__AgentsDirectory=/agents
EXPOSE 5080
VOLUME /data
ENTRYPOINT ["dotnet", "operone-web.dll"]
