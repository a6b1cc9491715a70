using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Errors;

namespace Operone.Agent.Cli.Operator;

/// <summary>The REST API as the command line uses it. Whatever a server or a network can do wrong comes back as an <see cref="Error"/>.</summary>
internal sealed partial class OperoneApi : IDisposable
{
    /// <summary>The code of an error where no connection could be made, so that the server cannot have got the request.</summary>
    public const string Unreachable = "server-unreachable";

    private readonly HttpClient _http;

    public OperoneApi(Credentials credentials)
    {
        Url = credentials.Url;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10), ConnectCallback = ConnectAsync })
        {
            BaseAddress = new Uri(credentials.Url + "/api/v1/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (credentials.Token.Length > 0)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credentials.Token);
        }

        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("operone", Version));
    }

    /// <summary>This program's version.</summary>
    public static string Version { get; } =
        typeof(OperoneApi).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";

    /// <summary>The server's address.</summary>
    public string Url { get; }

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Gets one thing.</summary>
    public async Task<Result<T>> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Read(answer.Value, type);
    }

    /// <summary>Gets one thing as the JSON that the server sent, with whatever fields this version does not know.</summary>
    public Task<Result<JsonElement>> GetJsonAsync(string path, CancellationToken cancellationToken) =>
        GetAsync(path, CliJson.Default.JsonElement, cancellationToken);

    /// <summary>Puts one thing in the place of another.</summary>
    public async Task<Result<TAnswer>> PutAsync<TBody, TAnswer>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, path);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, bodyType));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Read(answer.Value, answerType);
    }

    /// <summary>Changes a part of a thing.</summary>
    public async Task<Result<TAnswer>> PatchAsync<TBody, TAnswer>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, path);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, bodyType));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Read(answer.Value, answerType);
    }

    /// <summary>Posts, with a key that makes a second attempt harmless where the route honours one.</summary>
    public async Task<Result<TAnswer>> PostAsync<TBody, TAnswer>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, string? idempotencyKey, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, bodyType));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Read(answer.Value, answerType);
    }

    /// <summary>Posts without a body, and wants nothing of the answer.</summary>
    public async Task<Result<Unit>> PostAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Unit.Value;
    }

    /// <summary>Deletes something.</summary>
    public async Task<Result<Unit>> DeleteAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Unit.Value;
    }

    /// <summary>
    /// Posts a form to a door that speaks OAuth, which is outside of the REST API. What it says is wrong (RFC 6749, section 5.2) is an
    /// error with that word as its code.
    /// </summary>
    public async Task<Result<byte[]>> PostFormAsync(string path, IReadOnlyDictionary<string, string> form, CancellationToken cancellationToken)
    {
        using var content = new FormUrlEncodedContent(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url + path)) { Content = content };
        return await SendAsync(request, cancellationToken);
    }

    /// <summary>Asks for something to be done without saying more, and gives the answer.</summary>
    public async Task<Result<TAnswer>> PostAsync<TAnswer>(string path, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        var answer = await SendAsync(request, cancellationToken);
        return answer.Error is { } error ? error : Read(answer.Value, answerType);
    }

    /// <summary>Opens an answer whose body is read as it comes. The caller disposes it.</summary>
    public async Task<Result<HttpResponseMessage>> OpenAsync(string path, Action<HttpRequestHeaders>? headers, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        headers?.Invoke(request.Headers);
        return await OpenAsync(request, Patience, cancellationToken);
    }

    private async Task<Result<HttpResponseMessage>> OpenAsync(HttpRequestMessage request, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new RequestLimit(patience, cancellationToken);
        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                return ToError(response, await response.Content.ReadAsByteArrayAsync(limit.Token));
            }
        }
        catch (Exception e) when (Explain(e, cancellationToken) is not null)
        {
            return Explain(e, cancellationToken)!;
        }
    }

    /// <summary>All items of a list, page after page, as the server's JSON. An error is the last that comes.</summary>
    public async IAsyncEnumerable<Result<JsonElement>> ListAsync(string path, int limit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var address = path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + $"limit={limit}"
                + (cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor));
            var page = await GetJsonAsync(address, cancellationToken);
            if (page.Error is { } error)
            {
                yield return error;
                yield break;
            }

            if (page.Value.ValueKind != JsonValueKind.Object || !page.Value.TryGetProperty("items", out var items) || items.ValueKind != JsonValueKind.Array)
            {
                yield return NotOperone();
                yield break;
            }

            foreach (var item in items.EnumerateArray())
            {
                yield return item;
            }

            cursor = page.Value.TryGetProperty("nextCursor", out var next) && next.ValueKind == JsonValueKind.String ? next.GetString() : null;
        }
        while (cursor is not null);
    }

    /// <summary>Reads JSON that came from the server as a type of ours.</summary>
    public Result<T> Read<T>(JsonElement json, JsonTypeInfo<T> type)
    {
        try
        {
            return json.Deserialize(type) is { } value ? value : NotOperone();
        }
        catch (JsonException)
        {
            return NotOperone();
        }
    }

    /// <summary>What to say of an answer that this version cannot read.</summary>
    public Error NotOperone() =>
        new(ErrorKind.Unprocessable, "unexpected-answer", $"The answer from {Url} cannot be read.",
            $"Either this is not the address of an Operone server, or the server and this operone ({Version}) are of versions that do not fit.");

    /// <summary>The error that stands for an exception of the network, or null where it is none.</summary>
    public Error? Explain(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        OperationCanceledException when !cancellationToken.IsCancellationRequested =>
            Unavailable("server-silent", $"{Url} did not answer in time.", "Try again; if it stays so, look at the server."),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } =>
            Unavailable(Unreachable, $"{Url} cannot be reached.", "The server's name is not known here. Check the address ('operone login --server URL', OPERONE_URL)."),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
            Unavailable(Unreachable, $"No secure connection to {Url} could be made.",
                "Its certificate is not trusted here, or it does not speak TLS. For a certificate of your own, name its CA's file in SSL_CERT_FILE."),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } e =>
            Unavailable(Unreachable, $"{Url} cannot be reached.", $"{Reason(e)} Check that the server runs, and the address ('operone login --server URL', OPERONE_URL)."),
        HttpRequestException or IOException and not BrokenPipeException or SocketException =>
            Unavailable("connection-broken", $"The connection to {Url} broke.", "Try again; if it stays so, look at the server."),
        _ => null,
    };

    private static string Reason(HttpRequestException e) => e.InnerException switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "Nothing listens there (connection refused).",
        SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => "There is no way to it over the network.",
        SocketException { SocketErrorCode: var code } => $"({code})",
        _ => "It does not answer.",
    };

    private async Task<Result<byte[]>> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var limit = new RequestLimit(Patience, cancellationToken);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var body = await response.Content.ReadAsByteArrayAsync(limit.Token);
            return response.IsSuccessStatusCode ? body : ToError(response, body);
        }
        catch (Exception e) when (Explain(e, cancellationToken) is not null)
        {
            return Explain(e, cancellationToken)!;
        }
    }

    /// <summary>Reads an answer.</summary>
    public Result<T> Read<T>(byte[] body, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) is { } value ? value : NotOperone();
        }
        catch (JsonException)
        {
            return NotOperone();
        }
    }

    private Error ToError(HttpResponseMessage response, byte[] body)
    {
        var status = (int)response.StatusCode;
        if (status == 400 && ReadOAuthError(body) is { } refused)
        {
            return new Error(ErrorKind.Unprocessable, refused.Error, $"{Url} refused.", refused.Description ?? "");
        }

        ProblemView? problem = null;
        if (response.Content.Headers.ContentType?.MediaType is "application/problem+json" or "application/json")
        {
            try
            {
                problem = JsonSerializer.Deserialize(body, OperoneJson.Default.ProblemView);
            }
            catch (JsonException)
            {
                problem = null;
            }
        }

        var kind = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => ErrorKind.Unauthenticated,
            HttpStatusCode.Forbidden => ErrorKind.Forbidden,
            HttpStatusCode.NotFound => ErrorKind.NotFound,
            HttpStatusCode.Conflict => ErrorKind.Conflict,
            HttpStatusCode.TooManyRequests => ErrorKind.Unavailable,
            _ => status >= 500 ? ErrorKind.Unavailable : status == 400 ? ErrorKind.Invalid : ErrorKind.Unprocessable,
        };
        if (problem?.Title is null)
        {
            var hint = kind == ErrorKind.Unauthenticated ? "The token is not good. Run 'operone login' again, or check OPERONE_TOKEN."
                : status is >= 300 and < 400 ? $"It points to {response.Headers.Location}; use that address if it is the right one."
                : kind == ErrorKind.NotFound ? "Check that this is the address of an Operone server."
                : "";
            return new Error(kind, $"http-{status}", $"{Url} answered {status}{(response.ReasonPhrase is { Length: > 0 } phrase ? " " + phrase : "")}.", hint);
        }

        var detail = problem.Detail ?? "";
        if (kind == ErrorKind.Unauthenticated)
        {
            detail = $"{detail} Run 'operone login --server {Url}' again, or check OPERONE_TOKEN.".TrimStart();
        }

        if (status >= 500 && problem.RequestId is { Length: > 0 } id)
        {
            detail = $"{detail} (request {id})".TrimStart();
        }

        return new Error(kind, problem.Type?.Split('/')[^1] ?? $"http-{status}", problem.Title, detail) { Fields = problem.Errors };
    }

    private static OAuthError? ReadOAuthError(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, OperoneJson.Default.OAuthError) is { Error.Length: > 0 } error ? error : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Error Unavailable(string code, string title, string detail) => new(ErrorKind.Unavailable, code, title, detail);

    /// <summary>Connects with TCP keep-alive, so that a run that prints nothing for hours notices a server that has gone.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A token that ends with the caller's or when a request has taken too long.</summary>
    private sealed class RequestLimit : IDisposable
    {
        private readonly CancellationTokenSource _late;
        private readonly CancellationTokenSource _either;

        public RequestLimit(TimeSpan patience, CancellationToken cancellationToken)
        {
            _late = new CancellationTokenSource(patience);
            _either = CancellationTokenSource.CreateLinkedTokenSource(_late.Token, cancellationToken);
        }

        public CancellationToken Token => _either.Token;

        public void Dispose()
        {
            _either.Dispose();
            _late.Dispose();
        }
    }
}
