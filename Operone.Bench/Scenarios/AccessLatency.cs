using System.Globalization;
using System.Net.Http.Headers;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Access;
using Operone.E2E.Hosting;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Devices;

namespace Operone.Bench.Scenarios;

/// <summary>What signing in with a token and looking at one's grants add to a request.</summary>
internal static class AccessLatency
{
    private const int Devices = 1000;
    private const int Count = 2000;
    private const int WarmUp = 1000;

    public static async Task<IReadOnlyList<Row>> MeasureAsync(BenchContext context)
    {
        var server = context.Own(new ServerProcess(context.NewFolder("server")));
        await server.StartAsync(context.Cancellation);
        await server.StopAsync();
        var token = await FillAsync(Path.Combine(server.Folder, "data", "operone.db"), context.Cancellation);
        await server.StartAsync(context.Cancellation);
        using var anonymous = Client(server.Url, null);
        using var person = Client(server.Url, token);
        using var owner = Client(server.Url, ServerProcess.ApiToken);

        var health = await AskAsync(anonymous, "/health/live");
        var refused = await AskAsync(person, "/api/v1/devices/no-such-device", System.Net.HttpStatusCode.NotFound);
        var list = await AskAsync(person, "/api/v1/devices");
        var whole = await AskAsync(owner, "/api/v1/devices");
        return
        [
            new(Text($"GET /api/v1/devices with {Devices:N0} devices, with the token of a person who may see half of them: added to an anonymous request"),
                Text($"{list.P50 - health.P50:0.00} ms at the median ({list}), the reading of a page of 50 devices and their JSON with it"), "", null,
                $"GET /health/live without any credential: {health}"),
            new("of that, deciding on each device", Text($"{list.P50 - whole.P50:0.00} ms at the median"), "", null, $"the same with the owner's token, who sees everything: {whole}"),
            new("of that, the token and the refusal of an unknown device, where nothing is listed", Text($"{refused.P50 - health.P50:0.00} ms at the median"), "", null,
                $"GET /health/live: {health}"),
        ];

        Task<Samples> AskAsync(HttpClient client, string address, System.Net.HttpStatusCode expected = System.Net.HttpStatusCode.OK) =>
            Samples.TakeAsync(Count, WarmUp, async () =>
            {
                using var response = await client.GetAsync(address, context.Cancellation);
                if (response.StatusCode != expected)
                {
                    throw new InvalidOperationException($"GET {address} was answered with {response.StatusCode}.");
                }

                await response.Content.CopyToAsync(Stream.Null, context.Cancellation);
            });
    }

    /// <summary>Devices, and a person with a grant on half of them, straight into the database of a server that is not running. Gives the person's token.</summary>
    private static async Task<string> FillAsync(string file, CancellationToken cancellationToken)
    {
        await using var db = new SqliteDb(new DbContextOptionsBuilder<SqliteDb>().UseSqlite($"Data Source={file};Pooling=False").Options);
        var now = DateTimeOffset.UtcNow;
        db.AddRange(Enumerable.Range(0, Devices).Select(i => new Device
        {
            Id = Guid.CreateVersion7(now),
            Name = $"device-{i:0000}",
            NormalizedName = $"DEVICE-{i:0000}",
            Labels = new Dictionary<string, string> { ["env"] = i % 2 == 0 ? "prod" : "test", ["role"] = $"r{i % 7}", ["rack"] = $"r{i % 40}" },
            PublicKey = Guid.NewGuid().ToByteArray(),
            EnrolledAt = now,
            EnrolledWith = Guid.Empty,
        }));
        var person = new Person
        {
            Id = Guid.CreateVersion7(now),
            UserName = "viewer@example.org",
            NormalizedUserName = "VIEWER@EXAMPLE.ORG",
            Email = "viewer@example.org",
            NormalizedEmail = "VIEWER@EXAMPLE.ORG",
            SecurityStamp = Guid.NewGuid().ToString("N"),
            CreatedAt = now,
        };
        var text = TokenText.Create();
        db.Add(person);
        db.Add(new Grant
        {
            Id = Guid.CreateVersion7(now),
            Effect = GrantEffect.Allow,
            RoleId = BuiltInRoles.Viewer.Id,
            SubjectKind = SubjectKind.Person,
            SubjectId = person.Id,
            Selector = "env=prod",
            CreatedBy = "bench",
            CreatedAt = now,
        });
        db.Add(new ApiToken
        {
            Id = Guid.CreateVersion7(now),
            Name = "bench",
            Hash = SecretText.Hash(text),
            Permissions = Permissions.All,
            OwnerId = person.Id,
            CreatedBy = "bench",
            CreatedAt = now,
        });
        await db.SaveChangesAsync(cancellationToken);
        return text;
    }

    private static HttpClient Client(string url, string? token) => new(new SocketsHttpHandler { UseProxy = false, UseCookies = false })
    {
        BaseAddress = new(url),
        DefaultRequestHeaders = { Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token) },
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
