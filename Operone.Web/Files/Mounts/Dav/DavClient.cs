using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Operone.Core.Files;
using Operone.Disk;
using Operone.Web.Files.Mounts.Remote;

namespace Operone.Web.Files.Mounts.Dav;

/// <summary>
/// Requests to one WebDAV server (RFC 4918), below one folder. No redirect is followed: what the mount signs in with goes to the server that it
/// names, and to no other.
/// </summary>
internal sealed class DavClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly UriCreationOptions _asItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpClient _http;
    private readonly Uri _server;
    private readonly AuthenticationHeaderValue? _authorization;

    public DavClient(Uri server, TreePath folder, string? user, MountSecrets secrets)
    {
        (_server, Folder) = (server, folder);
        _authorization = secrets.Token is { } token ? new("Bearer", token)
            : user is not null ? new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{secrets.Password}")))
            : null;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = 32,
            ConnectCallback = ConnectAsync,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The folder on the server.</summary>
    public TreePath Folder { get; }

    /// <summary>The server's name, for people.</summary>
    public string Host => _server.Host;

    /// <summary>The address of a place in the mount.</summary>
    public string AddressOf(TreePath path, bool isFolder)
    {
        var address = Folder.Join(path).ToAddress();
        return isFolder && !address.EndsWith('/') ? address + "/" : address;
    }

    /// <summary>The whole address of a place, for the header <c>Destination</c>.</summary>
    public string DestinationOf(TreePath path, bool isFolder) => $"{_server.GetLeftPart(UriPartial.Authority)}{AddressOf(path, isFolder)}";

    /// <summary>A request to a place.</summary>
    public HttpRequestMessage Request(string method, TreePath path, bool isFolder = false)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri(DestinationOf(path, isFolder), _asItIs));
        request.Headers.Authorization = _authorization;
        return request;
    }

    /// <summary>Sends one, and gives the answer when its head is there. What is no success is thrown.</summary>
    /// <param name="request">The request.</param>
    /// <param name="place">What it is about, for people.</param>
    /// <param name="cancellationToken">Nobody waits any more.</param>
    /// <param name="hasPatience">Whether it is waited for as long as it takes: its own body is sent meanwhile.</param>
    /// <exception cref="FileFault">It did not work.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, TreePath place, CancellationToken cancellationToken, bool hasPatience = false)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (!hasPatience)
        {
            limit.CancelAfter(Patience);
        }

        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw RemoteFault.Away($"'{Host}' did not answer within {Patience.TotalSeconds} s.");
        }
        catch (HttpRequestException problem)
        {
            throw problem.InnerException as RemoteFault ?? RemoteFault.Away($"'{Host}': {problem.InnerException?.Message ?? problem.Message}");
        }

        if (response.IsSuccessStatusCode && !(response.StatusCode == HttpStatusCode.MultiStatus && request.Method.Method is not "PROPFIND"))
        {
            return response;
        }

        using (response)
        {
            throw Fault(response, request.Method.Method, place);
        }
    }

    public void Dispose() => _http.Dispose();

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await HostGuard.RequireAsync(context.DnsEndPoint.Host, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private FileFault Fault(HttpResponseMessage response, string method, TreePath place)
    {
        var said = $"'{Host}' answers {(int)response.StatusCode} ({response.ReasonPhrase})";
        return (int)response.StatusCode switch
        {
            401 => RemoteFault.Away($"{said}: what the mount signs in with is not good there."),
            403 => new(FileProblems.Denied, $"'{place}': {said}: it does not allow it."),
            404 => FileFault.NotFound(place),
            405 when method == "MKCOL" => new(FileProblems.Exists, $"'{place}' is there already."),
            405 or 501 => FileFault.Unsupported($"'{place}': {said}: it cannot do that."),
            409 => new(FileProblems.NotFound, $"'{place}': the folder that it lies in does not exist."),
            412 => new(FileProblems.Changed, $"'{place}' has changed meanwhile."),
            413 or 507 => new(FileProblems.NoSpace, $"'{place}': {said}: there is no room."),
            423 => new(FileProblems.Denied, $"'{place}' is locked there by somebody else."),
            >= 300 and < 400 => RemoteFault.Away($"{said}, to '{response.Headers.Location}': no redirect is followed. Set the mount's address to where the files are."),
            502 or 503 or 504 => RemoteFault.Away($"{said}."),
            _ => new(FileProblems.Failed, $"'{place}': {said}."),
        };
    }
}
