using System.Buffers.Text;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Devices;
using Operone.Core.Errors;
using Operone.Core.Events;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Events;

namespace Operone.Web.Devices;

/// <summary>The use cases of enrolment tokens: make, list, revoke.</summary>
internal sealed class EnrollmentTokenService(
    IDbContextFactory<OperoneDb> databases, ServedCertificate certificate, IAuditTrail audit, StepUp stepUp, LiveChanges changes, TimeProvider time)
{
    private const int MaxUses = 10_000;
    private const long MaxSeconds = 90L * 24 * 3600;
    private const long DefaultSeconds = 3600;
    private const int Stretch = 200;
    private static readonly Dictionary<string, string> NoLabels = [];

    /// <summary>
    /// Makes a token. Its text is in the answer with the line to paste, and nowhere ever after. The server's address is
    /// where devices reach it, without a slash at the end.
    /// </summary>
    public async Task<Result<EnrollmentTokenView>> CreateAsync(
        Actor actor, CreateEnrollmentToken request, string serverAddress, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.DevicesManage, "enrollment-token.create", request.Name, cancellationToken) is { } denied)
        {
            return denied;
        }

        var name = request.Name?.Trim() ?? "";
        var errors = new FieldErrors();
        errors.AddIf(name.Length is < 1 or > 100 || name.Any(char.IsControl), "name", "must have 1 to 100 characters");
        errors.AddIf(request.Uses is < 1 or > MaxUses, "uses", $"must be 1 to {MaxUses}");
        errors.AddIf(request.ExpiresInSeconds is < 1 or > MaxSeconds, "expiresInSeconds", $"must be 1 to {MaxSeconds} (90 days)");
        Labels.Check(request.Labels, "labels", errors);
        if (errors.ToError() is { } error)
        {
            return error;
        }

        if (!MayManage(actor, request.Labels))
        {
            await audit.NoteAsync(actor, "enrollment-token.create", name, allowed: false, $"lacks {Permissions.DevicesManage} on devices with its labels", cancellationToken);
            return DeviceErrors.LabelsOutside(actor.Name, "devices");
        }

        if (await stepUp.RequireAsync(actor, DangerousActs.ShowSecret, cancellationToken) is { } untouched)
        {
            return untouched;
        }

        var pin = certificate.PinFor(serverAddress);
        var (text, hash) = EnrollmentTokenText.Create(pin);
        var now = time.GetUtcNow();
        var token = new EnrollmentToken
        {
            Id = Guid.CreateVersion7(now),
            Name = name,
            Hash = hash,
            Labels = request.Labels ?? new Dictionary<string, string>(),
            Uses = request.Uses ?? 1,
            UsesLeft = request.Uses ?? 1,
            CreatedBy = actor.Name,
            CreatedById = actor.Id,
            CreatedAt = now,
            ExpiresAt = now.AddSeconds(request.ExpiresInSeconds ?? DefaultSeconds),
        };
        await using (var db = await databases.CreateDbContextAsync(cancellationToken))
        {
            db.Add(token);
            db.Publish(new(EventTypes.EnrollmentTokenCreated, name, Actor: actor.Name));
            await db.SaveChangesAsync(cancellationToken);
        }

        var grant = actor.Decide(Permissions.DevicesManage, token.Labels).Grant;
        await audit.NoteAsync(actor, "enrollment-token.create", name, allowed: true, $"{token.Uses} uses", grant, cancellationToken);
        changes.Signal(LiveChanges.EnrollmentTokens);
        return token.ToView() with
        {
            Token = text,
            InstallCommand = UnixLine(serverAddress, text, pin),
            InstallCommandWindows = WindowsLine(serverAddress, text, pin),
        };
    }

    /// <summary>A page of tokens, newest first, without their texts.</summary>
    public async Task<Result<Page<EnrollmentTokenView>>> ListAsync(Actor actor, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.DevicesManage, "enrollment-token.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError)
        {
            return page.Error!;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var tokens = db.Set<EnrollmentToken>().AsQueryable();
        if (page.Value.After is { } after)
        {
            tokens = tokens.Where(t => t.Id < after);
        }

        // Labels are text to the database: who does not manage everything has theirs picked out here, a stretch at a time.
        var wanted = page.Value.Limit + 1;
        var found = new List<EnrollmentToken>();
        while (found.Count < wanted)
        {
            var stretch = await tokens.OrderByDescending(t => t.Id).Take(Math.Max(wanted, Stretch)).ToListAsync(cancellationToken);
            found.AddRange(stretch.Where(t => MayManage(actor, t.Labels)));
            if (stretch.Count < Math.Max(wanted, Stretch))
            {
                break;
            }

            var last = stretch[^1].Id;
            tokens = db.Set<EnrollmentToken>().Where(t => t.Id < last);
        }

        return page.Value.ToPage(found.Take(wanted).ToList(), t => t.Id, t => t.ToView());
    }

    /// <summary>Revokes a token: nobody enrols with it any more. Devices that have are not touched.</summary>
    public async Task<Result<Unit>> RevokeAsync(Actor actor, Guid id, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.DevicesManage, "enrollment-token.revoke", id.ToString(), cancellationToken) is { } denied)
        {
            return denied;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var token = await db.Set<EnrollmentToken>().SingleOrDefaultAsync(t => t.Id == id, cancellationToken);
        if (token is null || !MayManage(actor, token.Labels))
        {
            return EnrollmentErrors.NotFound(id);
        }

        var now = time.GetUtcNow();
        var revoked = await db.ChangeAsync(
            () => db.Set<EnrollmentToken>().Where(t => t.Id == id && t.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(t => t.RevokedAt, now), cancellationToken),
            new OperoneEvent(EventTypes.EnrollmentTokenRevoked, token.Name, Actor: actor.Name), cancellationToken);
        if (revoked > 0)
        {
            var grant = actor.Decide(Permissions.DevicesManage, token.Labels).Grant;
            await audit.NoteAsync(actor, "enrollment-token.revoke", token.Name, allowed: true, null, grant, cancellationToken);
            changes.Signal(LiveChanges.EnrollmentTokens);
        }

        return Unit.Value;
    }

    /// <summary>Whether the actor manages devices with these labels: what a token for them, and seeing one, takes.</summary>
    private static bool MayManage(Actor actor, IReadOnlyDictionary<string, string>? labels) =>
        actor.MayEverywhere(Permissions.DevicesManage) || actor.May(Permissions.DevicesManage, labels ?? NoLabels);

    // With a pin, curl checks the server's key against it, and nothing else.
    private static string UnixLine(string server, string token, string? pin) => pin is null
        ? $"curl -fsSL {server}/install.sh | sh -s -- --token {token}"
        : $"curl -fsSLk --pinnedpubkey sha256//{ToBase64(pin)} {server}/install.sh | sh -s -- --token {token}";

    private static string WindowsLine(string server, string token, string? pin) => pin is null
        ? $"& ([scriptblock]::Create((irm {server}/install.ps1))) -Token {token}"
        : $"& ([scriptblock]::Create((curl.exe -fsSLk --pinnedpubkey sha256//{ToBase64(pin)} {server}/install.ps1 | Out-String))) -Token {token}";

    private static string ToBase64(string pin) => Convert.ToBase64String(Base64Url.DecodeFromChars(pin));
}
