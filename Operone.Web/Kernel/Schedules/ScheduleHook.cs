using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Operone.Core.Errors;
using Operone.Core.Kernel.Schedules;
using Operone.Web.Access;
using Operone.Web.Data;
using Operone.Web.Kernel.Jobs;

namespace Operone.Web.Kernel.Schedules;

/// <summary>Fires schedules by their webhooks: whoever has the token does, and with nothing but what the job asks for.</summary>
internal sealed class ScheduleHook(IDbContextFactory<OperoneDb> databases, ScheduleClock clock, IAuditTrail audit, TimeProvider time)
{
    /// <summary>The largest body.</summary>
    public const int MaxBytes = 256 * 1024;

    private const int MaxKey = 200;

    /// <summary>Fires the schedule with this token.</summary>
    /// <param name="actor">Who calls: nobody that is known, from an address.</param>
    /// <param name="token">The token of its address.</param>
    /// <param name="body">JSON, or nothing.</param>
    /// <param name="key">What tells the same call made again from another; null where each is another.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Result<FiringView>> CallAsync(Actor actor, string token, Stream body, string? key, CancellationToken cancellationToken)
    {
        if (key?.Length > MaxKey)
        {
            return Error.InvalidField("webhook-id", $"is longer than {MaxKey} characters");
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var hash = ScheduleService.HashOf(token);
        var now = time.GetUtcNow();
        if (token.Length > 100 || await db.Set<Schedule>().SingleOrDefaultAsync(s => s.HookHash == hash, cancellationToken) is not { IsEnabled: true } schedule
            || now < schedule.Definition.StartsAt || now > schedule.Definition.EndsAt)
        {
            return ScheduleErrors.HookUnknown;
        }

        var parameters = await ReadAsync(body, cancellationToken);
        if (parameters.IsError)
        {
            return parameters.Error!;
        }

        // What does not fit the job is said to whoever calls; what is not the job's is left.
        if (await db.Set<Job>().SingleOrDefaultAsync(j => j.Id == schedule.JobId, cancellationToken) is not { } job)
        {
            return ScheduleErrors.HookUnknown;
        }

        var taken = parameters.Value.Where(p => job.Definition.Parameters?.Any(known => known.Name == p.Key) == true).ToDictionary(StringComparer.Ordinal);
        var given = new Dictionary<string, string>(schedule.Definition.Parameters ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (name, value) in taken)
        {
            given[name] = value;
        }

        if (ScheduledJob.Check(job.Definition, schedule.Definition with { Parameters = given }) is { } wrong)
        {
            return wrong;
        }

        await audit.NoteAsync(actor, "schedule.fire", schedule.Name, allowed: true, "by its webhook", cancellationToken);
        var once = key is null ? $"hook:{Guid.NewGuid():N}" : $"hook:{Convert.ToHexStringLower(ScheduleService.HashOf(key))}";
        return await clock.FireAsync(schedule.Id, "webhook", once, taken.Count == 0 ? null : new(Parameters: taken), cancellationToken);
    }

    private static async Task<Result<IReadOnlyDictionary<string, string>>> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var read = new MemoryStream();
        await body.CopyToAsync(read, cancellationToken);
        var none = new Dictionary<string, string>();
        if (read.Length == 0)
        {
            return none;
        }

        try
        {
            using var json = JsonDocument.Parse(read.GetBuffer().AsMemory(0, (int)read.Length), new() { MaxDepth = 32 });
            return json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("parameters", out var parameters) ? none
                : parameters.ValueKind != JsonValueKind.Object ? Error.InvalidField("parameters", "is an object")
                : Texts(parameters);
        }
        catch (InvalidOperationException)
        {
            // half of a surrogate pair, as "\ud800": it is JSON, but no text
            return Error.InvalidField("parameters", "has names or values that are no text");
        }
        catch (JsonException)
        {
            // Other programs' webhooks send forms and texts: nothing of them is taken.
            return Encoding.UTF8.GetString(read.GetBuffer(), 0, (int)Math.Min(read.Length, 1)) is "{" ? Error.InvalidField("body", "is not JSON") : none;
        }
    }

    private static Result<IReadOnlyDictionary<string, string>> Texts(JsonElement parameters)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in parameters.EnumerateObject())
        {
            var text = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString(),
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => property.Value.GetRawText(),
                _ => null,
            };
            if (text is null || text.Length > ScheduleRules.MaxValue)
            {
                return Error.InvalidField($"parameters.{property.Name}", $"is text, a number, true or false, of at most {ScheduleRules.MaxValue} characters");
            }

            texts[property.Name] = text;
        }

        return texts;
    }
}
