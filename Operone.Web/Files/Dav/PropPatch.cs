using System.Globalization;
using System.Xml.Linq;
using Operone.Core.Errors;
using Operone.Core.Files;

namespace Operone.Web.Files.Dav;

/// <summary>PROPPATCH (RFC 4918, section 9.2): sets and removes properties, all of them or none.</summary>
internal sealed class PropPatch(DavNodes nodes, DavGuard guard, FileService files)
{
    private sealed class Change(FileView view)
    {
        public DeadProperties Dead { get; } = DeadProperties.Of(view);
        public bool ChangesDead { get; set; }
        public DateTimeOffset? ModifiedAt { get; set; }
        public int? Mode { get; set; }
    }

    public async Task<IResult> RunAsync(DavCall call)
    {
        var body = await DavXml.ReadAsync(call.Request, call.Cancelled);
        if (body.IsError || body.Value?.Name != DavXml.Dav + "propertyupdate")
        {
            return (body.Error ?? DavErrors.Malformed("Its body must be a DAV:propertyupdate.")).Refuse().ToResult(call.Request);
        }

        if (await guard.CheckAsync(call, new DavChange(call.Path, IsMember: false, IsDeep: false)) is { } refusal)
        {
            return refusal.ToResult(call.Request);
        }

        var stat = await nodes.StatAsync(call.Actor, call.Path, call.Cancelled);
        if (stat.IsError)
        {
            return stat.Error!.Refuse().ToResult(call.Request);
        }

        var change = new Change(stat.Value);
        var statuses = new Dictionary<XName, int>();
        foreach (var act in body.Value.Elements().Where(e => e.Name == DavXml.Dav + "set" || e.Name == DavXml.Dav + "remove"))
        {
            foreach (var property in act.Elements(DavXml.Dav + "prop").Elements())
            {
                var status = Take(stat.Value, change, property, act.Name == DavXml.Dav + "set");
                statuses[property.Name] = Math.Max(status, statuses.GetValueOrDefault(property.Name));
            }
        }

        var isRefused = statuses.Values.Any(s => s != StatusCodes.Status200OK);
        if (!isRefused && await ApplyAsync(call, change) is { } failed)
        {
            // what the place cannot keep is said of the properties, as RFC 4918 has it; what is wrong with the place itself of the request
            if (failed.Kind is ErrorKind.NotFound or ErrorKind.Unavailable)
            {
                return failed.Refuse().ToResult(call.Request);
            }

            statuses = statuses.ToDictionary(s => s.Key, _ => DavAnswers.StatusOf(failed));
        }
        else if (isRefused)
        {
            statuses = statuses.ToDictionary(s => s.Key, s => s.Value == StatusCodes.Status200OK ? StatusCodes.Status424FailedDependency : s.Value);
        }

        using var answer = new MultiStatus(call.Http);
        var stats = statuses.GroupBy(s => s.Value).Select(g => (g.Key, (IReadOnlyList<XElement>)[.. g.Select(s => new XElement(s.Key))]));
        await answer.AddAsync(call.Path, stat.Value.Kind == FileKind.Folder, stats, call.Cancelled);
        await answer.EndAsync(call.Cancelled);
        return Results.Empty;
    }

    private static int Take(FileView view, Change change, XElement property, bool isSet)
    {
        if (DavProperties.IsIgnored(property.Name))
        {
            return StatusCodes.Status200OK;
        }

        if (property.Name == DavProperties.WindowsModified && isSet)
        {
            if (!DateTimeOffset.TryParse(property.Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
            {
                return StatusCodes.Status409Conflict;
            }

            change.ModifiedAt = at;
            return StatusCodes.Status200OK;
        }

        if (property.Name == DavProperties.Executable && isSet && view.Kind == FileKind.File && FileService.ParseMode(view.Mode ?? "") is { } mode)
        {
            change.Mode = DavProperties.ModeFor(mode, property.Value.Trim() is "T");
            return StatusCodes.Status200OK;
        }

        if (DavProperties.IsLive(property.Name) || property.Name.Namespace == DavXml.Dav)
        {
            return StatusCodes.Status403Forbidden;
        }

        change.ChangesDead = true;
        if (isSet)
        {
            change.Dead.Set(property);
        }
        else
        {
            change.Dead.Remove(property.Name);
        }

        return StatusCodes.Status200OK;
    }

    private async Task<Error?> ApplyAsync(DavCall call, Change change)
    {
        if (!change.ChangesDead && change.ModifiedAt is null && change.Mode is null)
        {
            return null;
        }

        var dead = change.ChangesDead ? change.Dead.ToBytes() : null;
        if (dead?.Length > DeadProperties.MaxBytes)
        {
            return FileErrors.From(new(FileProblems.NoSpace, $"its properties would have more than {DeadProperties.MaxBytes} bytes."), call.Path.ToString());
        }

        var attributes = change.ChangesDead ? new Dictionary<string, byte[]?> { [DeadProperties.Attribute] = dead } : null;
        var mode = change.Mode is { } bits ? Convert.ToString(bits, 8).PadLeft(4, '0') : null;
        return (await files.ChangeAsync(call.Actor, call.Path, new(Mode: mode, ModifiedAt: change.ModifiedAt, Attributes: attributes), call.Cancelled)).Error;
    }
}
