using MudBlazor;

namespace Operone.Web.Console.Frame;

/// <summary>What MudBlazor has to know of the look that is not a colour; the colours are in Styles/tokens.css.</summary>
internal static class ConsoleTheme
{
    private static readonly string[] Sans = ["Inter Variable", "system-ui", "sans-serif"];

    public static MudTheme Theme { get; } = new()
    {
        LayoutProperties = new() { DefaultBorderRadius = "6px", AppbarHeight = "48px", DrawerWidthLeft = "232px" },
        Typography = new()
        {
            Default = new DefaultTypography { FontFamily = Sans, FontSize = "14px", LineHeight = "1.5", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = Sans, FontSize = "14px", LineHeight = "1.5", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = Sans, FontSize = "13px", LineHeight = "1.5", LetterSpacing = "normal" },
            H6 = new H6Typography { FontFamily = Sans, FontSize = "15px", FontWeight = "600", LineHeight = "1.5", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = Sans, FontSize = "13px", FontWeight = "500", TextTransform = "none", LetterSpacing = "normal" },
        },
    };
}
