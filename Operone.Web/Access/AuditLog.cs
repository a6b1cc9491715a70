using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Operone.Core;
using Operone.Core.Access;
using Operone.Core.Errors;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Which audit entries a list or an export shows. All that is given must hold.</summary>
/// <param name="Text">That have this text somewhere, in whatever case: who, what, on what, detail, address.</param>
/// <param name="Actor">By whom, as the entry names them; <c>token:*</c> is everyone whose name begins so.</param>
/// <param name="Action">What; <c>run.*</c> is every act that begins so.</param>
/// <param name="Target">On what; <c>*</c> at the end as above.</param>
/// <param name="Allowed">Whether it was allowed.</param>
/// <param name="From">From this time on.</param>
/// <param name="To">Up to this time.</param>
/// <param name="SessionId">In this session.</param>
/// <param name="TokenId">With this API token.</param>
/// <param name="RequestId">In this request.</param>
internal sealed record AuditQuery(
    string? Text = null, string? Actor = null, string? Action = null, string? Target = null, bool? Allowed = null,
    DateTimeOffset? From = null, DateTimeOffset? To = null, Guid? SessionId = null, Guid? TokenId = null, string? RequestId = null)
{
    /// <summary>In words, for the audit trail itself.</summary>
    public string Describe()
    {
        (string Name, object? Value)[] parts =
        [
            ("text", Text), ("actor", Actor), ("action", Action), ("target", Target), ("allowed", Allowed), ("from", From?.ToString("O")), ("to", To?.ToString("O")),
            ("session", SessionId), ("token", TokenId), ("request", RequestId),
        ];
        var given = parts.Where(p => p.Value is not (null or "")).Select(p => $"{p.Name} {p.Value}").ToList();
        return given.Count == 0 ? "all entries" : string.Join(", ", given);
    }
}

/// <summary>Reads the audit trail, for who may.</summary>
internal sealed class AuditLog(IDbContextFactory<OperoneDb> databases, IAuditTrail audit)
{
    private const int MaxText = 200;
    private const int Chunk = 1000;
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(1);

    /// <summary>A page of entries, newest first.</summary>
    public async Task<Result<Page<AuditEntryView>>> ListAsync(
        Actor actor, AuditQuery query, int? limit, string? cursor, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AuditRead, "audit.read", null, cancellationToken) is { } denied)
        {
            return denied;
        }

        var page = PageRequest.Parse(limit, cursor);
        if (page.IsError || Check(query) is not null)
        {
            return Merge(Check(query), page.Error);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var entries = Filter(db, query);
        if (page.Value.After is { } after)
        {
            entries = entries.Where(e => e.Id < after);
        }

        var found = await entries.OrderByDescending(e => e.Id).Take(page.Value.Limit + 1).ToListAsync(cancellationToken);
        return page.Value.ToPage(found, e => e.Id, e => e.ToView());
    }

    /// <summary>Everything that fits, oldest first, up to what there is now; read in chunks as it is taken. Noted as an act of its own.</summary>
    public async Task<Result<AuditExport>> ExportAsync(Actor actor, AuditQuery query, string? format, CancellationToken cancellationToken)
    {
        if (await audit.RequireAsync(actor, Permissions.AuditRead, "audit.export", format, cancellationToken) is { } denied)
        {
            return denied;
        }

        var known = AuditFormat.Find(format);
        if (known is null || Check(query) is not null)
        {
            return Merge(Check(query), known is null ? Error.InvalidField("format", "must be jsonl or csv") : null);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var end = await db.Set<AuditHead>().Where(h => h.Id == AuditHead.TheOne).Select(h => h.Seq).FirstOrDefaultAsync(cancellationToken);
        await audit.NoteAsync(actor, "audit.export", known.Name, allowed: true, query.Describe(), actor.Decide(Permissions.AuditRead, null).Grant, cancellationToken);

        // Who takes the entries says when to end.
        return new AuditExport(known, ReadAsync(query, end, CancellationToken.None));
    }

    private async IAsyncEnumerable<IReadOnlyList<AuditEntryView>> ReadAsync(
        AuditQuery query, long end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = 0L; ;)
        {
            await using var db = await databases.CreateDbContextAsync(cancellationToken);
            var chunk = await Filter(db, query).Where(e => e.Seq > after && e.Seq <= end).OrderBy(e => e.Seq).Take(Chunk).ToListAsync(cancellationToken);
            yield return chunk.ConvertAll(e => e.ToView());
            if (chunk.Count < Chunk)
            {
                yield break;
            }

            after = chunk[^1].Seq;
        }
    }

    private static Error? Check(AuditQuery query)
    {
        var errors = new FieldErrors();
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)
            [("text", query.Text), ("actor", query.Actor), ("action", query.Action), ("target", query.Target), ("request", query.RequestId)])
        {
            errors.AddIf(value?.Length > MaxText, name, $"is longer than {MaxText} characters");
            errors.AddIf(value?.Contains('\0', StringComparison.Ordinal) == true, name, "has a character that no entry has (U+0000)");
        }

        errors.AddIf(query.From > query.To, "from", "must not be after 'to'");
        return errors.ToError();
    }

    private static Error Merge(params ReadOnlySpan<Error?> errors)
    {
        var fields = new Dictionary<string, string[]>();
        foreach (var error in errors)
        {
            foreach (var (field, problems) in error?.Fields ?? new Dictionary<string, string[]>())
            {
                fields[field] = problems;
            }
        }

        return Error.InvalidFields(fields);
    }

    private static IQueryable<AuditEntry> Filter(OperoneDb db, AuditQuery query)
    {
        // What is below the anchor is about to go; nothing that was put there belongs to the chain.
        var entries = db.Set<AuditEntry>().Where(e => e.Seq > (db.Set<AuditAnchor>().Max(a => (long?)a.Seq) ?? 0));
        entries = Match(entries, query.Actor, e => e.Actor);
        entries = Match(entries, query.Action, e => e.Action);
        entries = Match(entries, query.Target, e => e.Target);
        if (query.Text is { Length: > 0 } given)
        {
            var text = given.ToLowerInvariant();
#pragma warning disable CA1862 // the databases have no comparison that ignores case; both have lower()
            entries = entries.Where(e => e.Actor.ToLower().Contains(text) || e.Action.ToLower().Contains(text)
                || e.Target!.ToLower().Contains(text) || e.Detail!.ToLower().Contains(text) || e.RemoteAddress!.Contains(text));
#pragma warning restore CA1862
        }

        if (query.Allowed is { } allowed)
        {
            entries = entries.Where(e => e.Allowed == allowed);
        }

        if (query.SessionId is { } session)
        {
            entries = entries.Where(e => e.SessionId == session);
        }

        if (query.TokenId is { } token)
        {
            entries = entries.Where(e => e.TokenId == token);
        }

        if (query.RequestId is { Length: > 0 } request)
        {
            entries = entries.Where(e => e.RequestId == request);
        }

        // The id begins with the time, and is the index that the list is read by.
        if (query.From is { } from)
        {
            var first = OrderedIds.FirstAt(from > DateTimeOffset.UnixEpoch ? from - ClockSlack : from);
            entries = entries.Where(e => e.Id >= first && e.At >= from);
        }

        if (query.To is { } to)
        {
            var last = OrderedIds.FirstAt(to < DateTimeOffset.MaxValue - ClockSlack ? to + ClockSlack : to);
            entries = entries.Where(e => e.Id <= last && e.At <= to);
        }

        return entries;
    }

    /// <summary>Equal to a pattern, or beginning with it where it ends in a star.</summary>
    private static IQueryable<AuditEntry> Match(IQueryable<AuditEntry> entries, string? pattern, Expression<Func<AuditEntry, string?>> field)
    {
        if (string.IsNullOrEmpty(pattern))
        {
            return entries;
        }

        var value = pattern.EndsWith('*') ? pattern[..^1] : pattern;
        Expression<Func<string?, bool>> matches = pattern.EndsWith('*') ? text => text!.StartsWith(value) : text => text == value;
        var body = new Replace(matches.Parameters[0], field.Body).Visit(matches.Body)!;
        return entries.Where(Expression.Lambda<Func<AuditEntry, bool>>(body, field.Parameters));
    }

    private sealed class Replace(Expression what, Expression by) : ExpressionVisitor
    {
        public override Expression? Visit(Expression? node) => node == what ? by : base.Visit(node);
    }
}
