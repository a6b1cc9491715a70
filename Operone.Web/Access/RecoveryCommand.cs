using Microsoft.EntityFrameworkCore;
using Operone.Web.Data;
using Operone.Web.Hosting;

namespace Operone.Web.Access;

/// <summary>
/// <c>operone-web recover-owner EMAIL</c>, for who sits at the server's own shell: prints an address with which an owner gets
/// back in. The server may run meanwhile, or not.
/// </summary>
internal static class RecoveryCommand
{
    /// <summary>The word that calls it.</summary>
    public const string Verb = "recover-owner";

    /// <summary>For how long the address is good.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>Does it. The exit status: 0 where an address was printed, 1 where not.</summary>
    /// <param name="app">The node, not started.</param>
    /// <param name="email">The owner's e-mail.</param>
    /// <param name="output">Where the address goes.</param>
    /// <param name="errors">Where it is said why there is none.</param>
    /// <param name="cancellationToken">Ends it before anything is stored.</param>
    public static async Task<int> RunAsync(WebApplication app, string? email, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(email) || email.StartsWith('-'))
        {
            await errors.WriteLineAsync($"usage: operone-web {Verb} EMAIL");
            return 1;
        }

        try
        {
            await using var db = await app.Services.GetRequiredService<IDbContextFactory<OperoneDb>>().CreateDbContextAsync(cancellationToken);
            if (await ProblemAsync(db, cancellationToken) is { } problem)
            {
                await errors.WriteLineAsync(problem);
                return 1;
            }

            var time = app.Services.GetRequiredService<TimeProvider>();
            if (await MakeAsync(db, email.Trim(), time.GetUtcNow(), cancellationToken) is not { } code)
            {
                await errors.WriteLineAsync($"No owner has the e-mail '{email.Trim()}'. Only an owner is let back in this way; owners give others access.");
                return 1;
            }

            await output.WriteLineAsync($"Open this address within an hour. It is good once, and lets {email.Trim()} back in:");
            await output.WriteLineAsync();
            await output.WriteLineAsync($"  {Site(app)}/recover?code={code}");
            return 0;
        }
        catch (Exception exception) when (Problems.IsDatabaseAway(exception))
        {
            await errors.WriteLineAsync($"The database cannot be reached: {exception.GetBaseException().Message}");
            return 1;
        }
    }

    private static async Task<string?> ProblemAsync(OperoneDb db, CancellationToken cancellationToken)
    {
        if (db is SqliteDb && new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(db.Database.GetConnectionString()).DataSource is var file && !File.Exists(file))
        {
            return $"There is no installation here: {Path.GetFullPath(file)} does not exist. Name its folder with Operone__DataDirectory.";
        }

        return (await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any()
            ? "The database is older than this program. Start the server once, so that it is brought up to date."
            : null;
    }

    private static async Task<string?> MakeAsync(OperoneDb db, string email, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var snapshot = await AccessSnapshot.ReadAsync(db, cancellationToken);
        var person = snapshot.People.Values.FirstOrDefault(p => string.Equals(p.Email, email, StringComparison.OrdinalIgnoreCase));
        var isOwner = person is not null && RecoveryService.IsOwner(snapshot, person.Id);
        var code = SecretText.Create("opv_");

        // The note is in the chain before the address can be used, or there is no address.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var note = AuditEntry.Create(
            Guid.CreateVersion7(now), now, Actor.System, "person.recover-address", email, isOwner,
            isOwner ? "printed on the server's own shell" : "asked for on the server's own shell; no owner has this e-mail", grant: null);
        await AuditLedger.AppendAsync(db, [note], cancellationToken);
        if (isOwner)
        {
            await db.Set<RecoveryAddress>().Where(r => r.PersonId == person!.Id).ExecuteDeleteAsync(cancellationToken);
            db.Add(new RecoveryAddress { Hash = SecretText.Hash(code), PersonId = person!.Id, CreatedAt = now, ExpiresAt = now + Lifetime });
            await db.SaveChangesAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return isOwner ? code : null;
    }

    /// <summary>Where the server is reached from here, running or not.</summary>
    private static string Site(WebApplication app)
    {
        var options = app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<OperoneOptions>>().Value;
        var first = options.PublicUrl is { Length: > 0 } configured ? configured : app.Configuration["urls"]?.Split(';')[0] ?? "http://localhost:5080";
        foreach (var any in (ReadOnlySpan<string>)["://[::]", "://0.0.0.0", "://*", "://+"])
        {
            first = first.Replace(any, "://localhost", StringComparison.Ordinal);
        }

        return first.TrimEnd('/');
    }
}
