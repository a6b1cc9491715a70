using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Operone.Web.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class SignInTries : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "sign_in_tries",
                columns: table => new
                {
                    Hash = table.Column<byte[]>(type: "BLOB", maxLength: 32, nullable: false),
                    Failed = table.Column<int>(type: "INTEGER", nullable: false),
                    FailedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    SeenAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sign_in_tries", x => x.Hash);
                });

            migrationBuilder.CreateIndex(
                name: "IX_sign_in_tries_SeenAt",
                table: "sign_in_tries",
                column: "SeenAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "sign_in_tries");
        }
    }
}
