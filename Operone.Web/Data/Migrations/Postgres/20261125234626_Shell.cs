using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Operone.Web.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Shell : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Kind",
                table: "runs",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "Sandbox",
                table: "runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "SealedEnvironment",
                table: "runs",
                type: "bytea",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "RequiredSandbox",
                table: "roles",
                type: "character varying(63)",
                maxLength: 63,
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Stage",
                table: "executions",
                type: "integer",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "environments",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Name = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    NormalizedName = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    Description = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    Selector = table.Column<string>(type: "text", nullable: false),
                    Variables = table.Column<string>(type: "text", nullable: false),
                    SecretNames = table.Column<string>(type: "text", nullable: false),
                    Secrets = table.Column<byte[]>(type: "bytea", nullable: false),
                    UpdatedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    UpdatedBy = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_environments", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "sandbox_profiles",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Name = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    NormalizedName = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    Description = table.Column<string>(type: "character varying(500)", maxLength: 500, nullable: false),
                    IsBuiltIn = table.Column<bool>(type: "boolean", nullable: false),
                    Spec = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sandbox_profiles", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "terminal_policies",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Name = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    NormalizedName = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    Order = table.Column<int>(type: "integer", nullable: false),
                    Selector = table.Column<string>(type: "text", nullable: false),
                    RoleId = table.Column<Guid>(type: "uuid", nullable: true),
                    Record = table.Column<int>(type: "integer", nullable: true),
                    RecordInput = table.Column<bool>(type: "boolean", nullable: true),
                    User = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    Shell = table.Column<string>(type: "text", nullable: true),
                    WorkingDirectory = table.Column<string>(type: "text", nullable: true),
                    Environment = table.Column<string>(type: "text", nullable: true),
                    IdleSeconds = table.Column<double>(type: "double precision", nullable: true),
                    ChoiceAllowed = table.Column<bool>(type: "boolean", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_terminal_policies", x => x.Id);
                    table.ForeignKey(
                        name: "FK_terminal_policies_roles_RoleId",
                        column: x => x.RoleId,
                        principalTable: "roles",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "terminals",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    DeviceId = table.Column<Guid>(type: "uuid", nullable: false),
                    DeviceName = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    OwnerId = table.Column<Guid>(type: "uuid", nullable: false),
                    OwnerName = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false),
                    Title = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: true),
                    User = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    Command = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    Record = table.Column<int>(type: "integer", nullable: false),
                    RecordInput = table.Column<bool>(type: "boolean", nullable: false),
                    GuestsMayType = table.Column<bool>(type: "boolean", nullable: false),
                    CreatedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    IndexedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    RecordingRemovedAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_terminals", x => x.Id);
                    table.ForeignKey(
                        name: "FK_terminals_runs_Id",
                        column: x => x.Id,
                        principalTable: "runs",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "recording_lines",
                columns: table => new
                {
                    Id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    TerminalId = table.Column<Guid>(type: "uuid", nullable: false),
                    At = table.Column<double>(type: "double precision", nullable: false),
                    Text = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_recording_lines", x => x.Id);
                    table.ForeignKey(
                        name: "FK_recording_lines_terminals_TerminalId",
                        column: x => x.TerminalId,
                        principalTable: "terminals",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_environments_NormalizedName",
                table: "environments",
                column: "NormalizedName",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_recording_lines_TerminalId_Id",
                table: "recording_lines",
                columns: new[] { "TerminalId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_sandbox_profiles_NormalizedName",
                table: "sandbox_profiles",
                column: "NormalizedName",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_terminal_policies_NormalizedName",
                table: "terminal_policies",
                column: "NormalizedName",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_terminal_policies_RoleId",
                table: "terminal_policies",
                column: "RoleId");

            migrationBuilder.CreateIndex(
                name: "IX_terminals_DeviceId_Id",
                table: "terminals",
                columns: new[] { "DeviceId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_terminals_OwnerId_Id",
                table: "terminals",
                columns: new[] { "OwnerId", "Id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "environments");

            migrationBuilder.DropTable(
                name: "recording_lines");

            migrationBuilder.DropTable(
                name: "sandbox_profiles");

            migrationBuilder.DropTable(
                name: "terminal_policies");

            migrationBuilder.DropTable(
                name: "terminals");

            migrationBuilder.DropColumn(
                name: "Kind",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "Sandbox",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "SealedEnvironment",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "RequiredSandbox",
                table: "roles");

            migrationBuilder.DropColumn(
                name: "Stage",
                table: "executions");
        }
    }
}
