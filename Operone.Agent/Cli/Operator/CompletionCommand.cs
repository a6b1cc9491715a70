using System.CommandLine;

namespace Operone.Agent.Cli.Operator;

/// <summary><c>operone completion</c>: scripts that ask this program, by System.CommandLine's <c>[suggest]</c> directive, for what may come next.</summary>
internal static class CompletionCommand
{
    public static Command Create(CliContext cli)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or powershell.", HelpName = "bash|zsh|fish|powershell" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish", "powershell");
        var command = new OperatorCommand("completion", "Print a script that completes operone's commands, options and devices.",
            """
            Example:
              bash         echo 'source <(operone completion bash)' >> ~/.bashrc
              zsh          echo 'source <(operone completion zsh)' >> ~/.zshrc
              fish         operone completion fish > ~/.config/fish/completions/operone.fish
              powershell   operone completion powershell >> $PROFILE
            """) { shell };
        command.SetAction(parsed =>
        {
            cli.OutputText.Write(Script(parsed.GetValue(shell)!).ReplaceLineEndings("\n"));
            cli.OutputText.Flush();
            return 0;
        });
        return command;
    }

    private static string Script(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        _ => PowerShell,
    };

    // "-o default" completes file names where there is nothing else to say, for --script
    private const string Bash =
        """
        # operone's completions for bash
        _operone_complete() {
            local word="${COMP_WORDS[COMP_CWORD]}" IFS=$'\n'
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _operone_complete operone

        """;

    private const string Zsh =
        """
        #compdef operone
        # operone's completions for zsh
        _operone_complete() {
            local -a found
            found=("${(@f)$("${words[1]}" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            if [[ -n "${found[*]}" ]]; then
                compadd -a found
            else
                _files
            fi
        }
        if (( $+functions[compdef] )); then
            compdef _operone_complete operone
        fi

        """;

    private const string Fish =
        """
        # operone's completions for fish
        function __operone_complete
            set -l line (commandline -cp)
            operone "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c operone -a '(__operone_complete)'

        """;

    private const string PowerShell =
        """
        # operone's completions for PowerShell
        Register-ArgumentCompleter -Native -CommandName operone -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            operone "[suggest:$cursorPosition]" "$commandAst" 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }

        """;
}
