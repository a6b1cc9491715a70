using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Operone.Core;
using Operone.Core.Devices;
using Operone.Core.Shell;

namespace Operone.E2E.Hosting;

/// <summary>The REST API as a program uses it.</summary>
internal sealed class ApiClient(HttpClient http)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Makes an enrolment token and gives its text.</summary>
    public async Task<string> CreateEnrollmentTokenAsync(int uses, CancellationToken cancellationToken)
    {
        var made = await PostAsync<EnrollmentTokenView>(
            "/api/v1/enrollment-tokens", new CreateEnrollmentToken("tests", Uses: uses), cancellationToken);
        return made.Token ?? throw new InvalidOperationException("The answer has no token.");
    }

    /// <summary>The device with this id or name.</summary>
    public async Task<DeviceView> GetDeviceAsync(string idOrName, CancellationToken cancellationToken) =>
        (await http.GetFromJsonAsync<DeviceView>($"/api/v1/devices/{idOrName}", Json, cancellationToken))!;

    /// <summary>How many devices are online.</summary>
    public async Task<int> CountOnlineAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        string? cursor = null;
        do
        {
            var page = (await http.GetFromJsonAsync<Page<DeviceView>>(
                $"/api/v1/devices?status=online&limit=500{(cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor))}", Json, cancellationToken))!;
            count += page.Items.Count;
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return count;
    }

    /// <summary>Waits until so many devices are online.</summary>
    public Task WaitForOnlineAsync(int count, TimeSpan limit, CancellationToken cancellationToken) =>
        UntilAsync(async () => await CountOnlineAsync(cancellationToken) >= count, limit, $"{count} devices are online", cancellationToken);

    /// <summary>Waits until a device has this status.</summary>
    public Task WaitForStatusAsync(string device, DeviceStatus status, TimeSpan limit, CancellationToken cancellationToken) =>
        UntilAsync(async () => (await GetDeviceAsync(device, cancellationToken)).Status == status, limit, $"{device} is {status}", cancellationToken);

    /// <summary>Creates a run; with <paramref name="waitSeconds"/> it is answered when all has ended, or after that time.</summary>
    public Task<RunView> CreateRunAsync(CreateRun run, int waitSeconds, CancellationToken cancellationToken) =>
        PostAsync<RunView>(
            waitSeconds > 0 ? string.Create(CultureInfo.InvariantCulture, $"/api/v1/runs?waitSeconds={waitSeconds}") : "/api/v1/runs", run, cancellationToken);

    /// <summary>A run with its executions.</summary>
    public async Task<RunView> GetRunAsync(Guid id, CancellationToken cancellationToken) =>
        (await http.GetFromJsonAsync<RunView>($"/api/v1/runs/{id}", Json, cancellationToken))!;

    /// <summary>Waits until a run has ended.</summary>
    public async Task<RunView> WaitForEndAsync(Guid id, TimeSpan limit, CancellationToken cancellationToken)
    {
        RunView? run = null;
        await UntilAsync(
            async () => (run = await GetRunAsync(id, cancellationToken)).Status.IsEnd(), limit, $"the run {id} has ended", cancellationToken);
        return run!;
    }

    /// <summary>All of one stream's bytes.</summary>
    public Task<byte[]> GetOutputAsync(Guid run, string device, string stream, CancellationToken cancellationToken) =>
        http.GetByteArrayAsync($"/api/v1/runs/{run}/executions/{device}/{stream}", cancellationToken);

    /// <summary>Polls until something holds; a server that is away for the moment counts as "not yet".</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, TimeSpan limit, string what, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        Exception? last = null;
        while (true)
        {
            // The last look is one after the time is up: this process may have stood still meanwhile.
            var isLast = clock.Elapsed >= limit;
            try
            {
                if (await holds())
                {
                    return;
                }

                last = null;
            }
            catch (HttpRequestException e)
            {
                last = e;
            }

            if (isLast)
            {
                break;
            }

            await Task.Delay(50, cancellationToken);
        }

        throw new TimeoutException($"After {limit.TotalSeconds:0} s it is still not so that {what}.", last);
    }

    /// <summary>Reads something.</summary>
    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken) => (await http.GetFromJsonAsync<T>(path, Json, cancellationToken))!;

    /// <summary>Puts something where nothing is answered.</summary>
    public async Task PutAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await http.PutAsync(path, null, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Sends something, and gives the answer.</summary>
    public async Task<T> PostAsync<T>(string path, object body, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(body, body.GetType(), mediaType: null, Json);
        using var response = await http.PostAsync(path, content, cancellationToken);
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.Accepted))
        {
            throw new InvalidOperationException(
                $"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }

        return (await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken))!;
    }
}
