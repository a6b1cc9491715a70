using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Hosting;

namespace Operone.Web.Events.Webhooks;

/// <summary>What came of one attempt.</summary>
/// <param name="At">When it began.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Status">The answer's status, where there was one.</param>
/// <param name="Problem">What went wrong; null where it was taken.</param>
/// <param name="Excerpt">How the answer begins.</param>
/// <param name="RetryAfter">How long the receiver asks to wait.</param>
internal sealed record WebhookOutcome(DateTimeOffset At, TimeSpan Took, int? Status, string? Problem, string? Excerpt = null, TimeSpan? RetryAfter = null)
{
    /// <summary>The receiver wants no more.</summary>
    public bool IsGone => Status == (int)HttpStatusCode.Gone;
}

/// <summary>
/// Sends one event to one webhook. It connects to addresses that are allowed alone, which are looked at when it connects and not before; it
/// follows no redirect, uses no proxy, and reads little of the answer.
/// </summary>
internal sealed partial class WebhookTransport : IDisposable
{
    /// <summary>The most characters that are kept of an answer.</summary>
    public const int MaxExcerpt = 1000;

    /// <summary>How long one attempt may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>How long it is waited for how the answer begins, once its status is here.</summary>
    private static readonly TimeSpan ExcerptPatience = TimeSpan.FromSeconds(2);

    private const int MaxAnswer = 4 * MaxExcerpt;

    private static readonly HttpRequestOptionsKey<bool> _isClear = new("clear");

    private readonly WebhookVault _vault;
    private readonly Mailer _mailer;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IReadOnlyList<IPNetwork> _allowed;
    private readonly HttpClient _http;

    public WebhookTransport(WebhookVault vault, Mailer mailer, IOptions<WebhookOptions> options, TimeProvider time, ILogger<WebhookTransport> logger)
    {
        // Connections have no limit of their own: each webhook has its few, and one that hangs must take none from another at the same host.
        (_vault, _mailer, _time, _logger, _allowed) = (vault, mailer, time, logger, options.Value.Networks);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            Credentials = null,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseHeadersLength = 32,
            ConnectCallback = ConnectAsync,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("Operone-Webhooks/1.0");
    }

    /// <summary>What stands in the way of sending there at all, as far as the address itself says; null where nothing does.</summary>
    public string? Refuse(Uri url) => url.Scheme switch
    {
        "mailto" when !_mailer.IsSetUp => "needs a mail server: set Operone:Mail",
        "http" when _allowed.Count == 0 => "is without TLS: use https, or allow the network in Operone:Webhooks:AllowedNetworks",
        "http" or "https" when IPAddress.TryParse(url.IdnHost.Trim('[', ']'), out var address) && !IsAllowed(address, url.Scheme == "http") => Refusal(url.IdnHost),
        _ => null,
    };

    /// <summary>Sends it, and says what came of it, whatever that is: it throws where the caller wants no more, and never else.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever goes wrong is an attempt that failed: what is not noted would be sent for ever.")]
    public async Task<WebhookOutcome> SendAsync(Webhook webhook, EventView happened, CancellationToken cancellationToken)
    {
        var (at, began) = (_time.GetUtcNow(), Stopwatch.GetTimestamp());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            return WebhookLimits.ReadUrl(webhook.Url) is not { IsError: false, Value: var url } ? Failed("The address is not good.")
                : url.Scheme == Uri.UriSchemeMailto ? Failed(await MailAsync(url, happened, limit.Token))
                : _vault.Open(webhook) is not { } secrets ? Failed("The key that sealed the webhook's secret is not there any more: make a new secret.")
                : await PostAsync(webhook, url, secrets, happened, at, began, limit.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            return Failed($"No answer within {Patience.TotalSeconds} s.");
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or SocketException)
        {
            return Failed(problem.InnerException is WebhookRefusedException refused ? refused.Message : problem.GetBaseException().Message);
        }
        catch (Exception bug)
        {
            Log.Broke(_logger, bug, webhook.Name);
            return Failed($"It could not be sent: {bug.GetBaseException().Message}");
        }

        // A database may refuse what a mail server says, as it is.
        WebhookOutcome Failed(string? problem) => new(at, Stopwatch.GetElapsedTime(began), null, problem is null ? null : Clean(problem, MaxExcerpt));
    }

    public void Dispose() => _http.Dispose();

    private async Task<string?> MailAsync(Uri url, EventView happened, CancellationToken cancellationToken)
    {
        if (!_mailer.IsSetUp)
        {
            return "There is no mail server: set Operone:Mail.";
        }

        var line = new string([.. WebhookTemplate.Describe(happened).Select(c => char.IsControl(c) ? ' ' : c)]);
        var text = $"{line}\n\n{happened.Time:u}\n{JsonSerializer.Serialize(happened, OperoneJson.Default.EventView)}\n";
        return await _mailer.SendAsync($"{url.UserInfo}@{url.Host}", $"Operone: {ShortText.Cut(line, 150)}", text, cancellationToken);
    }

    private async Task<WebhookOutcome> PostAsync(
        Webhook webhook, Uri url, WebhookSecrets secrets, EventView happened, DateTimeOffset at, long began, CancellationToken cancellationToken)
    {
        var template = webhook.Template is { } text && WebhookTemplate.Parse(text) is { IsError: false, Value: var read } ? read : null;
        var body = template?.Render(happened) ?? JsonSerializer.SerializeToUtf8Bytes(happened, OperoneJson.Default.EventView);
        var (id, timestamp) = (happened.Id.ToString(), at.ToUnixTimeSeconds());
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(template is null ? "application/cloudevents+json" : "application/json", "utf-8");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookVault.Sign(secrets, webhook.OldSecretUntil > at, id, timestamp, body));
        request.Options.Set(_isClear, url.Scheme == Uri.UriSchemeHttp);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var excerpt = await ExcerptAsync(response, cancellationToken);
        var status = (int)response.StatusCode;
        var problem = response.IsSuccessStatusCode ? null
            : status is >= 300 and < 400 ? $"The answer was {status}: redirects are not followed. Set the address to where it is."
            : $"The answer was {status}{(string.IsNullOrWhiteSpace(response.ReasonPhrase) ? "" : $" ({Clean(response.ReasonPhrase, 100)})")}.";
        return new(at, Stopwatch.GetElapsedTime(began), status, problem, excerpt, RetryAfter(response, at));
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now) =>
        response.Headers.RetryAfter is not { } asked ? null : asked.Delta ?? (asked.Date is { } date ? date - now : null);

    [SuppressMessage("Design", "CA1031", Justification = "The status says whether it was taken: a body that is slow or breaks off changes nothing of it.")]
    private static async Task<string?> ExcerptAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var (buffer, read) = (new byte[MaxAnswer], 0);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ExcerptPatience);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(limit.Token);
            for (int more; read < buffer.Length && (more = await stream.ReadAsync(buffer.AsMemory(read), limit.Token)) > 0;)
            {
                read += more;
            }
        }
        catch (Exception)
        {
            // what was read until then is how it begins
        }

        return read == 0 ? null : Clean(Encoding.UTF8.GetString(buffer, 0, read), MaxExcerpt);
    }

    private static string Clean(string text, int most)
    {
        var clean = new string([.. text.Select(c => char.IsControl(c) ? ' ' : c)]).Trim();
        return ShortText.Cut(clean, most);
    }

    private bool IsAllowed(IPAddress address, bool isClear)
    {
        var real = NetworkAddresses.Real(address);
        return _allowed.Any(n => n.Contains(real)) || (!isClear && NetworkAddresses.IsPublic(real));
    }

    private static string Refusal(string host) =>
        $"'{host}' is not on the public internet, or is spoken to without TLS: an administrator can allow its network in Operone:Webhooks:AllowedNetworks.";

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        // The address that was looked at is the one that is connected to: a name that answers otherwise the next time gains nothing.
        var isClear = context.InitialRequestMessage.Options.TryGetValue(_isClear, out var clear) && clear;
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken);
        if (addresses.Length == 0 || !addresses.All(a => IsAllowed(a, isClear)))
        {
            throw new WebhookRefusedException(Refusal(context.DnsEndPoint.Host));
        }

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

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Sending to the webhook {Name} broke; it counts as an attempt that failed")]
        public static partial void Broke(ILogger logger, Exception exception, string name);
    }

    private sealed class WebhookRefusedException(string message) : Exception(message);
}
