using System.Net.Http.Json;
using System.Text.Json;
using Operone.Core.Shell;
using Operone.E2E.Hosting;
using Xunit;

namespace Operone.E2E.Journeys;

/// <summary>Makes recordings and policies of terminals.</summary>
internal static class RecordingSteps
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs a line of the shell in a terminal that is recorded, and waits until its recording can be searched.</summary>
    public static async Task<Guid> RecordAsync(ServerProcess server, string device, string line, CancellationToken cancellationToken)
    {
        using var opened = await server.Http.PostAsJsonAsync(
            "/api/v1/terminals", new { device, argv = new[] { "/bin/sh", "-c", line }, record = true, columns = 80, rows = 24 }, cancellationToken);
        var text = await opened.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(opened.IsSuccessStatusCode, text);
        var id = JsonDocument.Parse(text).RootElement.GetProperty("id").GetGuid();
        var late = DateTimeOffset.UtcNow + Patience;
        while (true)
        {
            using var answer = await server.Http.GetAsync($"/api/v1/recordings/{id}", cancellationToken);
            if (answer.IsSuccessStatusCode
                && (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("isSearchable").GetBoolean())
            {
                return id;
            }

            Assert.True(DateTimeOffset.UtcNow < late, $"The terminal {id} was not recorded: {await answer.Content.ReadAsStringAsync(cancellationToken)}");
            await Task.Delay(100, cancellationToken);
        }
    }

    /// <summary>Makes a policy.</summary>
    public static async Task<Guid> WritePolicyAsync(ServerProcess server, WriteTerminalPolicy policy, CancellationToken cancellationToken)
    {
        var body = new { policy.Name, policy.Order, policy.Selector, Record = "required", policy.User, policy.ChoiceAllowed };
        using var made = await server.Http.PostAsJsonAsync("/api/v1/terminal-policies", body, cancellationToken);
        var text = await made.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(made.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("id").GetGuid();
    }
}
