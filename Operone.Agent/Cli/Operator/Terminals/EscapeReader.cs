namespace Operone.Agent.Cli.Operator.Terminals;

/// <summary>What somebody asks of this program by an escape, as of ssh(1).</summary>
internal enum EscapeCommand
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary><c>~.</c>: leave the terminal, which goes on.</summary>
    Leave,
    /// <summary><c>~x</c>: ask whether to end the terminal. The next key is the answer.</summary>
    AskEnd,
    /// <summary><c>y</c> to that question: end the terminal.</summary>
    End,
    /// <summary>Another key: <c>~x</c> was the beginning of what somebody types.</summary>
    Continue,
    /// <summary><c>~^Z</c>: stop this program, as Ctrl+Z stops others.</summary>
    Suspend,
    /// <summary><c>~?</c>: say what there is.</summary>
    Help,
}

/// <summary>
/// Tells what is typed for the terminal from what is meant for this program: an escape character counts at the start of a
/// line alone, and what follows it decides.
/// </summary>
/// <param name="escape">The escape character; null for none.</param>
internal sealed class EscapeReader(byte? escape)
{
    /// <summary>The escape character unless another is chosen.</summary>
    public const byte Default = (byte)'~';

    private const byte ControlZ = 26;

    private bool _atStart = true;
    private bool _escaped;
    private bool _asked;

    /// <summary>
    /// Takes what was typed, up to a command. <paramref name="typed"/> is what is left of it; what the terminal should get is
    /// written to <paramref name="keys"/>, which must hold two bytes more than was typed.
    /// </summary>
    public EscapeCommand Read(ref ReadOnlySpan<byte> typed, Span<byte> keys, out int count)
    {
        count = 0;
        while (typed.Length > 0)
        {
            var key = typed[0];
            if (_asked)
            {
                _asked = false;
                if (key is (byte)'y' or (byte)'Y')
                {
                    typed = typed[1..];
                    return EscapeCommand.End;
                }

                keys[count++] = escape!.Value;
                keys[count++] = (byte)'x';
                _atStart = false;
                return EscapeCommand.Continue;
            }

            typed = typed[1..];
            if (_escaped)
            {
                _escaped = false;
                var command = Command(key);
                if (command != EscapeCommand.None)
                {
                    _atStart = true;
                    _asked = command == EscapeCommand.AskEnd;
                    return command;
                }

                // twice for itself once; otherwise it was meant as it is
                keys[count++] = escape!.Value;
                if (key == escape)
                {
                    _atStart = false;
                    continue;
                }
            }
            else if (_atStart && key == escape)
            {
                _escaped = true;
                continue;
            }

            keys[count++] = key;
            _atStart = key is (byte)'\r' or (byte)'\n';
        }

        return EscapeCommand.None;
    }

    private static EscapeCommand Command(byte key) => key switch
    {
        (byte)'.' => EscapeCommand.Leave,
        (byte)'x' => EscapeCommand.AskEnd,
        ControlZ => EscapeCommand.Suspend,
        (byte)'?' => EscapeCommand.Help,
        _ => EscapeCommand.None,
    };

    /// <summary>Reads <c>--escape-char</c>: a character, <c>^</c> and a letter, or <c>none</c>. False where it is none of them.</summary>
    public static bool TryParse(string text, out byte? escape)
    {
        escape = text switch
        {
            "none" => null,
            [var one] when char.IsAscii(one) && !char.IsControl(one) => (byte)one,
            ['^', var letter] when char.ToUpperInvariant(letter) is >= '@' and <= '_' => (byte)(char.ToUpperInvariant(letter) & 0x1f),
            _ => 0,
        };
        return escape != 0;
    }

    /// <summary>How the escape character is written for people.</summary>
    public static string Describe(byte escape) => escape < 32 ? $"^{(char)(escape + 64)}" : $"{(char)escape}";

    /// <summary>What there is, a line each.</summary>
    public static IReadOnlyList<string> Help(byte escape)
    {
        var e = Describe(escape);
        return
        [
            "What this program understands at the start of a line:",
            $"  {e}.    leave; the terminal goes on",
            $"  {e}x    end the terminal and what runs in it (asks first)",
            $"  {e}^Z   suspend this program",
            $"  {e}?    this list",
            $"  {e}{e}    the character {e} itself",
        ];
    }
}
