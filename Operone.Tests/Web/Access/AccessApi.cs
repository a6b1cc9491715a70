using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Connection;
using Operone.Core.Devices;
using Operone.Tests.Hosting;
using Operone.Web.Access;
using Operone.Web.Events;
using Xunit;

namespace Operone.Tests.Web.Access;

/// <summary>What the tests of people, roles and grants say again and again.</summary>
internal static class AccessApi
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Sends and reads what must come back.</summary>
    public static async Task<T> SendAsync<T>(this HttpClient client, HttpMethod method, string path, object? body = null)
    {
        using var response = await client.SendRawAsync(method, path, body);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {response.StatusCode} {await response.Content.ReadAsStringAsync(Cancelled)}");
        return (await response.Content.ReadFromJsonAsync<T>(Cancelled))!;
    }

    /// <summary>Sends what gives nothing back.</summary>
    public static async Task DoAsync(this HttpClient client, HttpMethod method, string path, object? body = null)
    {
        using var response = await client.SendRawAsync(method, path, body);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {response.StatusCode} {await response.Content.ReadAsStringAsync(Cancelled)}");
    }

    /// <summary>Sends what must be refused, and gives the problem; the code ends its type.</summary>
    public static async Task<ProblemView> RefusedAsync(this HttpClient client, HttpStatusCode status, string code, HttpMethod method, string path, object? body = null)
    {
        using var response = await client.SendRawAsync(method, path, body);
        var problem = await OperoneServer.ReadProblemAsync(response);
        Assert.Equal((int)status, problem.Status);
        Assert.EndsWith("/" + code, problem.Type, StringComparison.Ordinal);
        return problem;
    }

    public static Task<GrantView> GiveAsync(this HttpClient client, string role, TestPerson person, string selector = "", GrantEffect effect = GrantEffect.Allow, DateTimeOffset? until = null) =>
        client.SendAsync<GrantView>(HttpMethod.Post, "/api/v1/grants", new CreateGrant(role, SubjectKind.Person, person.Email, selector, effect, until));

    public static Task<RoleView> MakeRoleAsync(this HttpClient client, string name, params string[] permissions) =>
        client.SendAsync<RoleView>(HttpMethod.Post, "/api/v1/roles", new CreateRole(name, permissions));

    /// <summary>The names of the devices that somebody sees.</summary>
    public static async Task<IReadOnlyList<string>> DevicesAsync(this HttpClient client) =>
        [.. (await client.SendAsync<Page<DeviceView>>(HttpMethod.Get, "/api/v1/devices?limit=500")).Items.Select(d => d.Name)];

    /// <summary>Waits for an audit entry.</summary>
    public static Task<AuditEntry> AuditedAsync(this OperoneServer server, string action, bool allowed, string text) => Eventually.BecomesAsync(
        async () =>
        {
            await using var db = server.OpenDatabase();
            var some = await db.Set<AuditEntry>().Where(e => e.Action == action && e.Allowed == allowed).OrderByDescending(e => e.Id).ToListAsync(Cancelled);
            return some.FirstOrDefault(e => $"{e.Actor} {e.Target} {e.Detail}".Contains(text, StringComparison.Ordinal));
        },
        $"an audit entry {action} with '{text}'");

    /// <summary>Waits for an event.</summary>
    public static Task<EventEntry> HappenedAsync(this OperoneServer server, string type, string subject) => Eventually.BecomesAsync(
        async () =>
        {
            await using var db = server.OpenDatabase();
            return (await db.Set<EventEntry>().Where(e => e.Type == type).ToListAsync(Cancelled))
                .LastOrDefault(e => e.Subject?.Contains(subject, StringComparison.Ordinal) == true);
        },
        $"an event {type} of {subject}");

    /// <summary>A client with the token of a command line that somebody signed in.</summary>
    public static async Task<HttpClient> SessionClientAsync(this OperoneServer server, TestPerson person)
    {
        var text = SecretText.Create("op_");
        var now = DateTimeOffset.UtcNow;
        var session = new Session
        {
            Id = Guid.CreateVersion7(),
            PersonId = person.Id,
            Method = SignInMethods.DeviceFlow,
            Device = "operone on a test",
            CreatedAt = now,
            LastSeenAt = now,
            ExpiresAt = now.AddDays(1),
            IsPersistent = true,
            Binding = SessionBinding.Token,
        };
        await using var db = server.OpenDatabase();
        db.Add(session);
        db.Add(new ApiToken
        {
            Id = Guid.CreateVersion7(),
            Name = person.Email,
            Hash = SecretText.Hash(text),
            Permissions = Permissions.All,
            OwnerId = person.Id,
            SessionId = session.Id,
            CreatedBy = person.Email,
            CreatedAt = now,
        });
        await db.SaveChangesAsync(Cancelled);
        return server.Client(text);
    }

    /// <summary>One of the running node's services.</summary>
    public static T Service<T>(this OperoneServer server)
        where T : notnull => server.Services.GetRequiredService<T>();

    public static string Unique(string name) => $"{name}-{Guid.NewGuid():N}"[..20];

    private static async Task<HttpResponseMessage> SendRawAsync(this HttpClient client, HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, body.GetType());
        }

        return await client.SendAsync(request, Cancelled);
    }
}
