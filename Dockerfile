# docker build -t kvstore . && docker run -p 127.0.0.1:7101:7101 -v kvstore:/data kvstore
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/KvStore.Server -c Release -o /server && dotnet publish src/KvStore.Cli -c Release -o /kvctl

FROM mcr.microsoft.com/dotnet/aspnet:10.0
COPY --from=build /server /opt/kvstore/server
COPY --from=build /kvctl /opt/kvstore/kvctl
RUN mkdir /data && chown $APP_UID /data
USER $APP_UID
VOLUME /data
EXPOSE 7101 7201 7301
# A container's own network is its border: publish the ports on loopback only until TLS is configured.
ENV KVSTORE_DataDirectory=/data KVSTORE_ClientAddress=0.0.0.0:7101 KVSTORE_PeerAddress=0.0.0.0:7201 KVSTORE_HttpAddress=0.0.0.0:7301 KVSTORE_Insecure=true
ENTRYPOINT ["dotnet", "/opt/kvstore/server/KvStore.Server.dll"]
