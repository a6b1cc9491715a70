using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class PlacedJobsAndNewestOutput : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Among",
                table: "job_runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Placement",
                table: "job_runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Attempt",
                table: "job_run_calls",
                type: "INTEGER",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.AddColumn<Guid>(
                name: "PreviousId",
                table: "job_run_calls",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "NewestBytes",
                table: "executions",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "StderrFrom",
                table: "executions",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<long>(
                name: "StdoutFrom",
                table: "executions",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.CreateTable(
                name: "job_reservations",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    JobRunId = table.Column<Guid>(type: "TEXT", nullable: false),
                    DeviceId = table.Column<Guid>(type: "TEXT", nullable: false),
                    CpuMillis = table.Column<long>(type: "INTEGER", nullable: false),
                    MemoryBytes = table.Column<long>(type: "INTEGER", nullable: false),
                    DiskBytes = table.Column<long>(type: "INTEGER", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_job_reservations", x => x.Id);
                    table.ForeignKey(
                        name: "FK_job_reservations_job_run_devices_JobRunId_DeviceId",
                        columns: x => new { x.JobRunId, x.DeviceId },
                        principalTable: "job_run_devices",
                        principalColumns: new[] { "JobRunId", "DeviceId" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_job_reservations_DeviceId",
                table: "job_reservations",
                column: "DeviceId");

            migrationBuilder.CreateIndex(
                name: "IX_job_reservations_JobRunId_DeviceId",
                table: "job_reservations",
                columns: new[] { "JobRunId", "DeviceId" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "job_reservations");

            migrationBuilder.DropColumn(
                name: "Among",
                table: "job_runs");

            migrationBuilder.DropColumn(
                name: "Placement",
                table: "job_runs");

            migrationBuilder.DropColumn(
                name: "Attempt",
                table: "job_run_calls");

            migrationBuilder.DropColumn(
                name: "PreviousId",
                table: "job_run_calls");

            migrationBuilder.DropColumn(
                name: "NewestBytes",
                table: "executions");

            migrationBuilder.DropColumn(
                name: "StderrFrom",
                table: "executions");

            migrationBuilder.DropColumn(
                name: "StdoutFrom",
                table: "executions");
        }
    }
}
