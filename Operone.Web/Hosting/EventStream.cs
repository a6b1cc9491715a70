using System.Buffers;
using System.Text;
using Operone.Web.Events;

namespace Operone.Web.Hosting;

/// <summary>
/// An answer of server-sent events (HTML Living Standard, section 9.2): begun at once, kept alive by comments, and ended
/// when the reader goes or the node stops.
/// </summary>
internal sealed class EventStream : IDisposable
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private readonly HttpContext _http;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ended;

    private EventStream(HttpContext http)
    {
        _http = http;
        _time = http.RequestServices.GetRequiredService<TimeProvider>();
        var stopping = http.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, stopping);
    }

    /// <summary>Ends when the reader has gone, or the node stops.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Sends the headers.</summary>
    public static async Task<EventStream> BeginAsync(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        var stream = new EventStream(http);
        await http.Response.Body.FlushAsync(stream.Ended);
        return stream;
    }

    /// <summary>Writes one event; <see cref="FlushAsync"/> sends it. The data must have no line break, as JSON has none.</summary>
    public void Write(string id, string type, ReadOnlySpan<byte> data)
    {
        var writer = _http.Response.BodyWriter;
        Encoding.UTF8.GetBytes($"id: {id}\nevent: {type}\ndata: ", writer);
        writer.Write(data);
        writer.Write("\n\n"u8);
    }

    /// <summary>Sends what was written.</summary>
    public async Task FlushAsync() => await _http.Response.BodyWriter.FlushAsync(Ended);

    /// <summary>Waits until something has changed, with a comment now and then so that nobody on the way gives up.</summary>
    public Task WaitAsync(LiveChanges.Subscription subscription) => WaitAsync(subscription.WaitAsync);

    /// <summary>The same for anything else that is waited for.</summary>
    public async Task WaitAsync(Func<CancellationToken, ValueTask> wait)
    {
        while (true)
        {
            using var pause = new CancellationTokenSource(Heartbeat, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, Ended);
            try
            {
                await wait(either.Token);
                return;
            }
            catch (OperationCanceledException) when (!Ended.IsCancellationRequested)
            {
                _http.Response.BodyWriter.Write(": still here\n\n"u8);
                await FlushAsync();
            }
        }
    }

    public void Dispose() => _ended.Dispose();
}
