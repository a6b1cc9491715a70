using System.Globalization;

namespace Operone.Agent.Shell.Host.Terminals;

/// <summary>How characters are drawn from here on: what SGR (ECMA-48, 8.3.117) has set so far.</summary>
internal sealed class Pen
{
    // by the code that sets it; each group is ended by one code
    private readonly SortedDictionary<int, string> _on = [];

    /// <summary>A copy.</summary>
    public Pen Clone()
    {
        var copy = new Pen();
        foreach (var (slot, text) in _on)
        {
            copy._on[slot] = text;
        }

        return copy;
    }

    /// <summary>Carries out the parameters of one SGR.</summary>
    public void Set(string parameters)
    {
        var parts = parameters.Split(';');
        for (var i = 0; i < parts.Length; i++)
        {
            var head = parts[i].Split(':', 2)[0];
            if (!int.TryParse(head.Length == 0 ? "0" : head, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            {
                return;
            }

            if (code is 38 or 48 or 58)
            {
                // 38:2::r:g:b in one, or 38;5;n and 38;2;r;g;b over several
                var count = parts[i].Contains(':', StringComparison.Ordinal) ? 1 : i + 1 < parts.Length && parts[i + 1] == "5" ? 3 : 5;
                if (i + count > parts.Length)
                {
                    return;
                }

                _on[code] = string.Join(';', parts, i, count);
                i += count - 1;
                continue;
            }

            Set(code, parts[i]);
        }
    }

    /// <summary>What brings a fresh pen to this one.</summary>
    public override string ToString() => _on.Count == 0 ? "" : $"\e[{string.Join(';', _on.Values)}m";

    private void Set(int code, string text)
    {
        switch (code)
        {
            case 0:
                _on.Clear();
                break;
            case >= 1 and <= 9 or 51 or 52 or 53:
                _on[code] = text;
                break;
            case 21:
                _on[4] = text; // underlined twice
                break;
            case 22:
                Remove(1, 2);
                break;
            case 25:
                Remove(5, 6);
                break;
            case 23 or 24 or 27 or 28 or 29:
                Remove(code - 20, code - 20);
                break;
            case (>= 30 and <= 37) or (>= 90 and <= 97):
                _on[38] = text;
                break;
            case (>= 40 and <= 47) or (>= 100 and <= 107):
                _on[48] = text;
                break;
            case 39 or 49 or 59:
                Remove(code - 1, code - 1);
                break;
            case 54:
                Remove(51, 52);
                break;
            case 55:
                Remove(53, 53);
                break;
        }
    }

    private void Remove(int a, int b)
    {
        _on.Remove(a);
        _on.Remove(b);
    }
}
