namespace Operone.Core.Errors;

/// <summary>Collects what is wrong with an input, field by field, so that all of it is said at once.</summary>
public sealed class FieldErrors
{
    private readonly Dictionary<string, List<string>> _fields = new(StringComparer.Ordinal);

    /// <summary>Notes a problem with a field.</summary>
    public void Add(string field, string message)
    {
        if (!_fields.TryGetValue(field, out var messages))
        {
            _fields[field] = messages = [];
        }

        messages.Add(message);
    }

    /// <summary>Notes a problem with a field when <paramref name="wrong"/> holds.</summary>
    public void AddIf(bool wrong, string field, string message)
    {
        if (wrong)
        {
            Add(field, message);
        }
    }

    /// <summary>Notes what another check has found, each field below a place.</summary>
    public void Add(Error? found, string place)
    {
        foreach (var (field, messages) in found?.Fields ?? new Dictionary<string, string[]>())
        {
            foreach (var message in messages)
            {
                Add(place + field, message);
            }
        }
    }

    /// <summary>All problems as one error, or null where there are none.</summary>
    public Error? ToError() =>
        _fields.Count == 0 ? null : Error.InvalidFields(_fields.ToDictionary(f => f.Key, f => f.Value.ToArray()));
}
