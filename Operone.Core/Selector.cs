using Operone.Core.Errors;

namespace Operone.Core;

/// <summary>How a requirement compares.</summary>
public enum SelectorOperator
{
    /// <summary><c>key in (a,b)</c>, and <c>key=a</c> with one value.</summary>
    In,
    /// <summary><c>key notin (a,b)</c>, and <c>key!=a</c> with one value. Also holds where the key is absent.</summary>
    NotIn,
    /// <summary><c>key</c>.</summary>
    Exists,
    /// <summary><c>!key</c>.</summary>
    NotExists,
}

/// <summary>One requirement of a selector.</summary>
/// <param name="Key">The label's key.</param>
/// <param name="Operator">How it compares.</param>
/// <param name="Values">With what; empty for the two that ask for presence.</param>
public sealed record SelectorRequirement(string Key, SelectorOperator Operator, IReadOnlyList<string> Values)
{
    /// <summary>Whether the labels meet it. It allocates nothing.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var has = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            SelectorOperator.In => has && HasValue(value!),
            SelectorOperator.NotIn => !has || !HasValue(value!),
            SelectorOperator.Exists => has,
            _ => !has,
        };
    }

    /// <summary>Whether whoever meets the other requirement surely meets this one.</summary>
    internal bool IsImpliedBy(SelectorRequirement other) => Key == other.Key && (Operator, other.Operator) switch
    {
        (SelectorOperator.In, SelectorOperator.In) => other.Values.All(HasValue),
        (SelectorOperator.NotIn, SelectorOperator.NotIn) => Values.All(other.HasValue),
        (SelectorOperator.NotIn, SelectorOperator.In) => !other.Values.Any(HasValue),
        (SelectorOperator.NotIn, SelectorOperator.NotExists) => true,
        (SelectorOperator.Exists, SelectorOperator.In or SelectorOperator.Exists) => true,
        (SelectorOperator.NotExists, SelectorOperator.NotExists) => true,
        _ => false,
    };

    private bool HasValue(string value)
    {
        for (var i = 0; i < Values.Count; i++)
        {
            if (string.Equals(Values[i], value, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => (Operator, Values.Count) switch
    {
        (SelectorOperator.In, 1) => $"{Key}={Values[0]}",
        (SelectorOperator.NotIn, 1) => $"{Key}!={Values[0]}",
        (SelectorOperator.In, _) => $"{Key} in ({string.Join(",", Values)})",
        (SelectorOperator.NotIn, _) => $"{Key} notin ({string.Join(",", Values)})",
        (SelectorOperator.Exists, _) => Key,
        _ => $"!{Key}",
    };
}

/// <summary>
/// A label selector in Kubernetes' grammar (Labels and Selectors, "Label selectors"): requirements joined by commas,
/// all of which must hold. <c>env=prod,role in (web,db),!retired</c>. An empty selector matches everything.
/// </summary>
public sealed class Selector
{
    private readonly SelectorRequirement[] _requirements;

    private Selector(SelectorRequirement[] requirements) => _requirements = requirements;

    /// <summary>The longest selector that is read, in characters.</summary>
    public const int MaxLength = 4096;

    /// <summary>The selector that matches everything.</summary>
    public static Selector Everything { get; } = new([]);

    /// <summary>Its requirements, all of which must hold.</summary>
    public IReadOnlyList<SelectorRequirement> Requirements => _requirements;

    /// <summary>Whether it has no requirement, and so matches everything.</summary>
    public bool IsEverything => _requirements.Length == 0;

    /// <summary>Whether labels meet every requirement. It allocates nothing.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in _requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Whether it surely matches everything that the other one matches: each of its requirements is also one of the
    /// other's. It may say no where a proof would take more thought, and never says yes wrongly.
    /// </summary>
    public bool Contains(Selector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _requirements.All(mine => other._requirements.Any(theirs => mine.IsImpliedBy(theirs)));
    }

    /// <summary>The selector in its canonical text, which parses back to an equal one.</summary>
    public override string ToString() => string.Join(",", Requirements);

    /// <summary>Reads a selector. A failure names the character (counted from 1) and what was expected there.</summary>
    public static Result<Selector> Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }

        if (text.Length > MaxLength)
        {
            return Malformed(text[..20] + "…", MaxLength, $"the selector is longer than {MaxLength} characters");
        }

        return new Parser(text).Parse();
    }

    private static Error Malformed(string text, int position, string problem) =>
        new(ErrorKind.Invalid, "malformed-selector", "The selector cannot be read.",
            $"In '{text}' at character {position + 1}: {problem}.")
        {
            Fields = new Dictionary<string, string[]> { ["selector"] = [$"at character {position + 1}: {problem}"] },
        };

    private sealed class Parser(string text)
    {
        private int _at;
        private Error? _error;

        public Result<Selector> Parse()
        {
            var requirements = new List<SelectorRequirement>();
            while (true)
            {
                if (ReadRequirement() is not { } requirement)
                {
                    return _error!;
                }

                requirements.Add(requirement);
                SkipSpace();
                if (_at == text.Length)
                {
                    return new Selector([.. requirements]);
                }

                if (text[_at] != ',')
                {
                    return Fail(_at, $"expected ',' or the end, found '{At(_at)}'").Error!;
                }

                _at++;
            }
        }

        private SelectorRequirement? ReadRequirement()
        {
            SkipSpace();
            var absent = _at < text.Length && text[_at] == '!';
            if (absent)
            {
                _at++;
                SkipSpace();
            }

            if (ReadKey() is not { } key)
            {
                return null;
            }

            SkipSpace();
            if (absent || _at == text.Length || text[_at] == ',')
            {
                return new(key, absent ? SelectorOperator.NotExists : SelectorOperator.Exists, []);
            }

            if (text[_at] is '=' or '!')
            {
                var isNot = text[_at] == '!';
                _at++;
                if (_at < text.Length && text[_at] == '=')
                {
                    _at++;
                }
                else if (isNot)
                {
                    return Fail(_at, "expected '=' after '!'").Requirement;
                }

                return ReadValue() is { } value ? new(key, isNot ? SelectorOperator.NotIn : SelectorOperator.In, [value]) : null;
            }

            var wordAt = _at;
            var word = ReadWhile(char.IsAsciiLetter);
            if (word is not ("in" or "notin"))
            {
                return Fail(wordAt, "expected '=', '!=', 'in', 'notin', ',' or the end").Requirement;
            }

            return ReadValues() is { } values ? new(key, word == "in" ? SelectorOperator.In : SelectorOperator.NotIn, values) : null;
        }

        private List<string>? ReadValues()
        {
            SkipSpace();
            if (_at == text.Length || text[_at] != '(')
            {
                Fail(_at, "expected '(' and a list of values");
                return null;
            }

            _at++;
            var values = new List<string>();
            while (true)
            {
                if (ReadValue() is not { } value)
                {
                    return null;
                }

                if (!values.Contains(value, StringComparer.Ordinal))
                {
                    values.Add(value);
                }

                SkipSpace();
                if (_at == text.Length)
                {
                    Fail(_at, "the list of values is not closed with ')'");
                    return null;
                }

                switch (text[_at++])
                {
                    case ')':
                        return values;
                    case ',':
                        continue;
                    default:
                        Fail(_at - 1, $"expected ',' or ')', found '{At(_at - 1)}'");
                        return null;
                }
            }
        }

        private string? ReadKey()
        {
            var start = _at;
            var key = ReadWhile(c => Labels.IsNameCharacter(c) || c == '/');
            if (key.Length == 0)
            {
                Fail(start, _at == text.Length ? "expected a label's key, found the end" : $"expected a label's key, found '{At(_at)}'");
                return null;
            }

            if (Labels.CheckKey(key) is { } problem)
            {
                Fail(start, problem);
                return null;
            }

            return key;
        }

        private string? ReadValue()
        {
            SkipSpace();
            var start = _at;
            var value = ReadWhile(Labels.IsNameCharacter);
            if (Labels.CheckValue(value) is { } problem)
            {
                Fail(start, problem);
                return null;
            }

            return value;
        }

        private string ReadWhile(Func<char, bool> belongs)
        {
            var start = _at;
            while (_at < text.Length && belongs(text[_at]))
            {
                _at++;
            }

            return text[start.._at];
        }

        // a character that takes two halves is shown whole
        private string At(int position) => text.Substring(position, position + 1 < text.Length && char.IsSurrogatePair(text, position) ? 2 : 1);

        private void SkipSpace() => ReadWhile(char.IsWhiteSpace);

        private (Error? Error, SelectorRequirement? Requirement) Fail(int position, string problem)
        {
            _error = Malformed(text, position, problem);
            return (_error, null);
        }
    }
}
