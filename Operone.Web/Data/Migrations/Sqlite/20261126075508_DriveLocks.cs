using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Sqlite
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
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Address = table.Column<string>(type: "TEXT", nullable: false),
                    AddressHash = table.Column<byte[]>(type: "BLOB", maxLength: 32, nullable: false),
                    Top = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: false),
                    IsExclusive = table.Column<bool>(type: "INTEGER", nullable: false),
                    IsDeep = table.Column<bool>(type: "INTEGER", nullable: false),
                    HolderId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Owner = table.Column<string>(type: "TEXT", maxLength: 4096, nullable: true),
                    Seconds = table.Column<int>(type: "INTEGER", nullable: false),
                    ExpiresAt = table.Column<long>(type: "INTEGER", nullable: false)
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
