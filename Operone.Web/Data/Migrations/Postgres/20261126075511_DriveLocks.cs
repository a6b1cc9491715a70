using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class DriveLocks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "drive_locks",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Address = table.Column<string>(type: "text", nullable: false),
                    AddressHash = table.Column<byte[]>(type: "bytea", maxLength: 32, nullable: false),
                    Top = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: false),
                    IsExclusive = table.Column<bool>(type: "boolean", nullable: false),
                    IsDeep = table.Column<bool>(type: "boolean", nullable: false),
                    HolderId = table.Column<Guid>(type: "uuid", nullable: false),
                    Owner = table.Column<string>(type: "character varying(4096)", maxLength: 4096, nullable: true),
                    Seconds = table.Column<int>(type: "integer", nullable: false),
                    ExpiresAt = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_drive_locks", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_drive_locks_AddressHash",
                table: "drive_locks",
                column: "AddressHash");

            migrationBuilder.CreateIndex(
                name: "IX_drive_locks_ExpiresAt",
                table: "drive_locks",
                column: "ExpiresAt");

            migrationBuilder.CreateIndex(
                name: "IX_drive_locks_Top",
                table: "drive_locks",
                column: "Top");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "drive_locks");
        }
    }
}
