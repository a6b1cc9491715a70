using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Operone.Core.Connection;
using Operone.Core.Shell;

namespace Operone.Tests.Agent.Cli;

/// <summary>Terminals, as a server has them.</summary>
internal sealed partial class FakeApi
{
    private int _attached;

    public List<TerminalView> Terminals { get; } = [];

    /// <summary>The terminal that a POST makes.</summary>
    public TerminalView Terminal { get; set; } = NewTerminal("web-1");

    /// <summary>Answers a POST to /terminals instead of the usual.</summary>
    public Func<HttpContext, Task<bool>> OnOpen { get; set; } = _ => Task.FromResult(false);

    /// <summary>Answers an attempt to attach instead of the usual; the number of the attempt comes first.</summary>
    public Func<int, HttpContext, Task<bool>> OnAttaching { get; set; } = (_, _) => Task.FromResult(false);

    /// <summary>Plays a terminal; the number of the connection comes first.</summary>
    public Func<int, TerminalPeer, Task> OnAttach { get; set; } = (_, peer) => peer.EndAsync(0);

    public ConcurrentQueue<CreateTerminal> Opened { get; } = [];

    public TaskCompletionSource TerminalEnded { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static TerminalView NewTerminal(string device, ExecutionStatus status = ExecutionStatus.Running, Guid? id = null, int? exitCode = null, string? reason = null, string? title = null) => new(
        id ?? Guid.CreateVersion7(), DeviceId(device), device, title, "anna", true, status, null, "/bin/bash", RecordMode.Off, false, [],
        DateTimeOffset.UnixEpoch, status.IsEnd() ? DateTimeOffset.UnixEpoch.AddMinutes(1) : null, exitCode, reason, 0);

    private void MapTerminals(RouteGroupBuilder api)
    {
        api.MapPost("/terminals", OpenAsync);
        api.MapGet("/terminals", (HttpContext context) => WriteAsync(context, JsonSerializer.Serialize(
            PageOf(context, Terminals.FindAll(t => context.Request.Query["ended"] != "false" || !t.Status.IsEnd())), OperoneJson.Default.PageTerminalView)));
        api.MapGet("/terminals/{id}", (Guid id, HttpContext context) => Find(id) is { } found
            ? WriteAsync(context, JsonSerializer.Serialize(found, OperoneJson.Default.TerminalView))
            : ProblemAsync(context, 404, "terminal-not-found", "There is no such terminal.", $"The terminal {id} is not known."));
        api.MapPost("/terminals/{id}/end", (Guid id, HttpContext context) =>
        {
            TerminalEnded.TrySetResult();
            return WriteAsync(context, JsonSerializer.Serialize(Find(id), OperoneJson.Default.TerminalView));
        });
        api.MapGet("/terminals/{id}/attach", AttachAsync);
    }

    private TerminalView? Find(Guid id) => Terminal.Id == id ? Terminal : Terminals.Find(t => t.Id == id);

    private async Task OpenAsync(HttpContext context)
    {
        Opened.Enqueue((await JsonSerializer.DeserializeAsync(context.Request.Body, OperoneJson.Default.CreateTerminal, context.RequestAborted))!);
        if (!await OnOpen(context))
        {
            context.Response.StatusCode = 201;
            await WriteAsync(context, JsonSerializer.Serialize(Terminal, OperoneJson.Default.TerminalView));
        }
    }

    private async Task AttachAsync(Guid id, HttpContext context)
    {
        var attempt = Interlocked.Increment(ref _attached);
        if (await OnAttaching(attempt, context))
        {
            return;
        }

        Assert(context.WebSockets.IsWebSocketRequest && Find(id) is not null);
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        try
        {
            await OnAttach(attempt, new TerminalPeer(socket, context));
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException)
        {
            // the other side has gone
        }
    }

    private static void Assert(bool condition) => Xunit.Assert.True(condition);
}

/// <summary>The server's side of one attachment.</summary>
internal sealed class TerminalPeer(WebSocket socket, HttpContext context)
{
    private readonly byte[] _buffer = new byte[64 * 1024];

    public string? Query(string name) => context.Request.Query[name] is [{ } value] ? value : null;

    public CancellationToken Aborted => context.RequestAborted;

    /// <summary>Says where it goes on: at the client's offset, or with a text.</summary>
    public Task AttachedAsync(string? text = null, long? offset = null) => TellAsync(new TerminalControl
    {
        Type = TerminalControls.Attached,
        Columns = 80,
        Rows = 24,
        Offset = offset ?? long.Parse(Query("offset") ?? "0", System.Globalization.CultureInfo.InvariantCulture),
        Text = text,
    });

    public Task TellAsync(TerminalControl control) =>
        socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(control, OperoneJson.Default.TerminalControl), WebSocketMessageType.Text, true, Aborted);

    public Task PrintAsync(string text) => PrintAsync(Encoding.UTF8.GetBytes(text));

    public Task PrintAsync(byte[] bytes) => socket.SendAsync(bytes, WebSocketMessageType.Binary, true, Aborted);

    public async Task EndAsync(int? exitCode, string? text = null)
    {
        await TellAsync(new TerminalControl { Type = TerminalControls.Ended, ExitCode = exitCode, Text = text });
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "ended", Aborted);
    }

    /// <summary>Waits until this was typed from now on.</summary>
    public async Task<string> TypedAsync(string text)
    {
        var typed = new StringBuilder();
        while (!typed.ToString().Contains(text, StringComparison.Ordinal))
        {
            var message = await ReadAsync();
            Xunit.Assert.True(message.Bytes is not null || message.Control is not null, $"closed after '{typed}', before '{text}'");
            typed.Append(message.Bytes is { } bytes ? Encoding.UTF8.GetString(bytes) : "");
        }

        return typed.ToString();
    }

    /// <summary>Waits for a control message.</summary>
    public async Task<TerminalControl> ToldAsync()
    {
        while (true)
        {
            if ((await ReadAsync()).Control is { } control)
            {
                return control;
            }
        }
    }

    /// <summary>All that is typed until the client closes.</summary>
    public async Task<string> RestAsync()
    {
        var typed = new MemoryStream();
        while (await ReadAsync() is { IsClose: false } message)
        {
            typed.Write(message.Bytes ?? []);
        }

        return Encoding.UTF8.GetString(typed.ToArray());
    }

    public async Task<(byte[]? Bytes, TerminalControl? Control, bool IsClose)> ReadAsync()
    {
        var whole = new MemoryStream();
        while (true)
        {
            var received = await socket.ReceiveAsync(_buffer.AsMemory(), Aborted);
            whole.Write(_buffer.AsSpan(0, received.Count));
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return (null, null, true);
            }

            if (received.EndOfMessage)
            {
                return received.MessageType == WebSocketMessageType.Binary
                    ? (whole.ToArray(), null, false)
                    : (null, JsonSerializer.Deserialize(whole.ToArray(), OperoneJson.Default.TerminalControl), false);
            }
        }
    }

    /// <summary>Cuts the connection.</summary>
    public void Break() => context.Abort();
}
