using System.Collections.Concurrent;
using System.Net;
using Operone.E2E.Hosting;

namespace Operone.E2E.Journeys;

/// <summary>A program that takes what a webhook sends: a real listener on the loopback.</summary>
internal sealed class HookListener : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _loop;

    public HookListener()
    {
        Url = $"http://127.0.0.1:{Published.FreePort()}/hook";
        _listener.Prefixes.Add(Url + "/");
        _listener.Start();
        _loop = Task.Run(LoopAsync);
    }

    public string Url { get; }

    /// <summary>What it answers.</summary>
    public HttpStatusCode Answer { get; set; } = HttpStatusCode.OK;

    /// <summary>The bodies that came.</summary>
    public ConcurrentQueue<string> Bodies { get; } = [];

    private async Task LoopAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                Bodies.Enqueue(await reader.ReadToEndAsync());
                context.Response.StatusCode = (int)Answer;
                context.Response.Close();
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
            // it is over
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _loop;
    }
}
