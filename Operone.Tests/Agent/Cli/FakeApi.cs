using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Operone.Core;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.Tests.Agent.Cli;

/// <summary>A server as the command line sees it, on a real port, that does what a test tells it to.</summary>
internal sealed partial class FakeApi : IAsyncDisposable
{
    public const string Token = "op_test";

    private readonly WebApplication _app;

    private FakeApi(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public List<DeviceView> Devices { get; } = [];

    public List<RunView> Runs { get; } = [];

    /// <summary>The run that a POST makes and a GET gives.</summary>
    public RunView? Run { get; set; }

    /// <summary>The run as it is when its stream has ended, where that differs.</summary>
    public RunView? RunAfterwards { get; set; }

    /// <summary>Answers a POST to /runs instead of the usual; the number of the attempt comes first.</summary>
    public Func<int, HttpContext, Task<bool>> OnCreate { get; set; } = (_, _) => Task.FromResult(false);

    /// <summary>Plays a run's stream; the number of the connection comes first.</summary>
    public Func<int, EventWriter, Task> OnStream { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Answers GET .../executions/DEVICE/STREAM.</summary>
    public Func<string, string, byte[]> OnOutput { get; set; } = (_, _) => [];

    /// <summary>What is said of output that is not kept any more.</summary>
    public string? LetGo { get; set; }

    /// <summary>Answers everything in place of the routes, where it says so.</summary>
    public Func<HttpContext, Task<bool>> OnAny { get; set; } = _ => Task.FromResult(false);

    public ConcurrentQueue<CreateRun> Created { get; } = [];

    public ConcurrentQueue<string> IdempotencyKeys { get; } = [];

    public ConcurrentQueue<string?> LastEventIds { get; } = [];

    public ConcurrentQueue<string> Requests { get; } = [];

    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<FakeApi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var fake = new FakeApi(app);
        app.UseWebSockets();
        app.Use(fake.CheckAsync);
        var api = app.MapGroup("/api/v1");
        api.MapGet("/devices", fake.GetDevicesAsync);
        api.MapGet("/runs", fake.GetRunsAsync);
        api.MapPost("/runs", fake.CreateAsync);
        api.MapGet("/runs/{id}", (Guid id, HttpContext context) => fake.Run?.Id == id
            ? WriteAsync(context, JsonSerializer.Serialize(fake.Run, OperoneJson.Default.RunView))
            : ProblemAsync(context, 404, "run-not-found", "There is no such run.", $"The run {id} is not known."));
        api.MapPost("/runs/{id}/cancel", context =>
        {
            fake.Cancelled.TrySetResult();
            return WriteAsync(context, JsonSerializer.Serialize(fake.Run, OperoneJson.Default.RunView));
        });
        api.MapGet("/runs/{id}/stream", fake.StreamAsync);
        api.MapGet("/runs/{id}/executions/{device}/{stream}", async (string device, string stream, HttpContext context) =>
        {
            context.Response.Headers["Operone-Let-Go"] = fake.LetGo;
            await context.Response.Body.WriteAsync(fake.OnOutput(device, stream));
        });
        fake.MapTerminals(api);
        await app.StartAsync();
        return fake;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    /// <summary>A run on devices of these names, all in one state.</summary>
    public static RunView NewRun(ExecutionStatus status, params string[] devices) => NewRun(Guid.CreateVersion7(), devices.Select(d => NewExecution(d, status)).ToArray());

    public static RunView NewRun(Guid id, params ExecutionView[] executions)
    {
        var counts = executions.GroupBy(e => e.Status).ToDictionary(g => g.Key, g => g.Count());
        var status = RunRules.Combine(counts);
        return new RunView(
            id, status, "true", "token:test", DateTimeOffset.UnixEpoch, status.IsEnd() ? DateTimeOffset.UnixEpoch.AddSeconds(72) : null,
            counts.ToDictionary(c => c.Key.ToText(), c => c.Value), new CreateRun { Command = "true" }, executions);
    }

    public static ExecutionView NewExecution(string device, ExecutionStatus status, int? exitCode = null, string? reason = null, long discarded = 0) =>
        new(Guid.CreateVersion7(), DeviceId(device), device, status, exitCode ?? (status == ExecutionStatus.Succeeded ? 0 : null), reason, null, null, 0, 0, discarded);

    public static DeviceView NewDevice(string name, DeviceStatus status = DeviceStatus.Online, DateTimeOffset? seen = null, params (string Key, string Value)[] labels) =>
        new(DeviceId(name), name, status, labels.ToDictionary(l => l.Key, l => l.Value), new DeviceFacts { OperatingSystem = "Debian 12" }, seen, "0.1.0", DateTimeOffset.UnixEpoch);

    /// <summary>An id that is always the same for a name.</summary>
    public static Guid DeviceId(string name) => new(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));

    public static Task ProblemAsync(HttpContext context, int status, string code, string title, string detail, Dictionary<string, string[]>? errors = null)
    {
        context.Response.StatusCode = status;
        return WriteAsync(context, JsonSerializer.Serialize(
            new ProblemView { Type = $"https://operone.dev/problems/{code}", Title = title, Status = status, Detail = detail, Errors = errors, RequestId = "r-1" },
            OperoneJson.Default.ProblemView), "application/problem+json");
    }

    private static Task WriteAsync(HttpContext context, string json, string type = "application/json")
    {
        context.Response.ContentType = type;
        return context.Response.WriteAsync(json, context.RequestAborted);
    }

    private async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        if (await OnAny(context))
        {
            return;
        }

        if (context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            await ProblemAsync(context, 401, "unauthenticated", "Who are you?", "The token is not known.");
            return;
        }

        await next(context);
    }

    private Task GetDevicesAsync(HttpContext context) =>
        WriteAsync(context, JsonSerializer.Serialize(PageOf(context, Devices), OperoneJson.Default.PageDeviceView));

    private Task GetRunsAsync(HttpContext context) =>
        WriteAsync(context, JsonSerializer.Serialize(PageOf(context, Runs.ConvertAll(r => r with { Executions = null })), OperoneJson.Default.PageRunView));

    private static Page<T> PageOf<T>(HttpContext context, List<T> all)
    {
        var limit = int.Parse(context.Request.Query["limit"]!, System.Globalization.CultureInfo.InvariantCulture);
        var from = context.Request.Query["cursor"] is [{ } cursor] ? int.Parse(cursor, System.Globalization.CultureInfo.InvariantCulture) : 0;
        var items = all.Skip(from).Take(limit).ToArray();
        return new Page<T>(items, from + items.Length < all.Count ? $"{from + items.Length}" : null);
    }

    private async Task CreateAsync(HttpContext context)
    {
        IdempotencyKeys.Enqueue(context.Request.Headers["Idempotency-Key"].ToString());
        Created.Enqueue((await JsonSerializer.DeserializeAsync(context.Request.Body, OperoneJson.Default.CreateRun, context.RequestAborted))!);
        if (await OnCreate(Created.Count, context))
        {
            return;
        }

        context.Response.StatusCode = 202;
        await WriteAsync(context, JsonSerializer.Serialize(Run, OperoneJson.Default.RunView));
    }

    private async Task StreamAsync(HttpContext context)
    {
        LastEventIds.Enqueue(context.Request.Headers["Last-Event-ID"] is [{ } id] ? id : null);
        context.Response.ContentType = "text/event-stream";
        await context.Response.StartAsync(context.RequestAborted);
        await OnStream(LastEventIds.Count, new EventWriter(context, () => Run = RunAfterwards ?? Run));
    }
}

/// <summary>Writes a run's stream.</summary>
internal sealed class EventWriter(HttpContext context, Action onEnd)
{
    private int _id;

    public CancellationToken Aborted => context.RequestAborted;

    public Task OutputAsync(string device, string text, OutputStream stream = OutputStream.Stdout, long offset = 0) =>
        OutputAsync(device, Encoding.UTF8.GetBytes(text), stream, offset);

    public Task OutputAsync(string device, byte[] data, OutputStream stream = OutputStream.Stdout, long offset = 0) =>
        WriteAsync("output", JsonSerializer.Serialize(new RunStreamOutput(FakeApi.DeviceId(device), device, stream, offset, data), OperoneJson.Default.RunStreamOutput));

    public Task StatusAsync(string device, ExecutionStatus status) =>
        WriteAsync("status", JsonSerializer.Serialize(new RunStreamStatus(FakeApi.DeviceId(device), device, status.ToText(), null, null), OperoneJson.Default.RunStreamStatus));

    public Task EndAsync(RunStatus status = RunStatus.Succeeded)
    {
        onEnd();
        return WriteAsync("status", JsonSerializer.Serialize(new RunStreamStatus(null, null, status.ToText(), null, null), OperoneJson.Default.RunStreamStatus));
    }

    public async Task WriteAsync(string type, string data)
    {
        await context.Response.WriteAsync($": still here\nid: c{++_id}\nevent: {type}\ndata: {data}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>Cuts the connection.</summary>
    public void Break() => context.Abort();
}
