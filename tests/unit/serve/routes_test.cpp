#include "lib/serve/routes.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "lib/serve/dashboard.h"
#include "tests/unit/serve/made_run.h"

namespace fdl::serve {
namespace {

using nlohmann::json;
using testing::record;
using testing::TemporaryFolder;

struct House {
  House() {
    testing::make_run(folder.path(), "m/one");
    testing::make_run(folder.path(), "m/two", "0.1");
    record(folder.path() / "m/one", testing::start_event());
    record(folder.path() / "m/one", testing::epoch_event(1, 0.5));
  }
  Response get(const std::string& path, std::multimap<std::string, std::string> query = {}) {
    return routes.answer({"GET", path, std::move(query), {}, ""});
  }
  Response post(const std::string& path, const std::string& body, const std::string& id = "m/one") {
    return routes.answer({"POST", path, {{"id", id}}, {}, body});
  }

  TemporaryFolder folder;
  runs::RunList list{folder.path()};
  Routes routes{list, "m/one"};
};

}  // namespace

TEST_CASE("the list, a document, a difference") {
  House house;
  const json all = json::parse(house.get("/api/runs").body);
  REQUIRE(all["runs"].size() == 2);
  CHECK(all["runs"][0]["id"] == "m/one");
  CHECK(all["runs"][0]["state"] == "killed");
  CHECK(all["opened"] == "m/one");
  const json one = json::parse(house.get("/api/run", {{"id", "m/one"}}).body);
  CHECK(one["series"]["val/loss"]["value"] == json({0.5}));
  CHECK(one["summary"]["id"] == "m/one");
  CHECK(one["recorded"]["val/loss"] == "min");
  CHECK(one["plan"]["num_parameters"] == 10);
  const json last = one["manifest"]["values"].back();
  CHECK(last ==
        json({{"path", "training.optimizer.sgd.lr"}, {"value", "0.01"}, {"origin", "--set"}}));
  const json rows =
      json::parse(house.get("/api/diff", {{"id", "m/one"}, {"id", "m/two"}}).body)["rows"];
  REQUIRE(rows.size() == 1);
  CHECK(rows[0] == json({{"path", "training.optimizer.sgd.lr"}, {"values", {"0.01", "0.1"}}}));
}

TEST_CASE("ids do not depend on how the folder is written") {
  House house;
  for (const std::string& folder :
       {house.folder.path().string() + "/", house.folder.path().string() + "/./m/.."}) {
    CAPTURE(folder);
    const runs::RunList list(folder);
    REQUIRE(list.list().size() == 2);
    CHECK(list.list()[0].id == "m/one");
    CHECK(list.id_of(house.folder.path() / "m" / "." / "two") == "m/two");
    CHECK(list.find("m/two").has_value());
  }
  const runs::RunList some(house.folder.path(), {house.folder.path() / "m/two/"});
  REQUIRE(some.list().size() == 1);
  CHECK(some.list()[0].id == "m/two");
  CHECK(!some.find("m/one"));
}

TEST_CASE("an id is looked up, and never a path") {
  House house;
  for (const char* id : {"", "..", "m", "/etc", "m/../m/one", "m/one/", "./m/one", "m/one/../two",
                         "m/one%00", "../../etc/passwd"}) {
    CAPTURE(id);
    for (const char* path :
         {"/api/run", "/api/events", "/api/log", "/api/series", "/api/graph", "/api/sample"})
      CHECK(house.get(path, {{"id", id}}).status == 404);
    CHECK(house.get("/api/diff", {{"id", id}}).status == 404);
    CHECK(house.post("/api/stop", "", id).status == 404);
  }
  for (const char* name :
       {"", "..", "../manifest.yml", "/etc/passwd", "step-1.txt/../../manifest.yml"})
    CHECK(house.get("/api/sample", {{"id", "m/one"}, {"name", name}}).status == 404);
  for (const char* path : {"/x", "/api", "/api/", "/api/none", "//", "/../etc/passwd", "/metrics/"})
    CHECK(house.get(path, {{"id", "m/one"}}).status == 404);
}

TEST_CASE("samples are given by their names") {
  House house;
  REQUIRE(make_folders(house.folder.path() / "m/one/samples").has_value());
  REQUIRE(write_atomic(house.folder.path() / "m/one/samples/step-1.txt", "a text").has_value());
  CHECK(json::parse(house.get("/api/run", {{"id", "m/one"}}).body)["samples"] ==
        json({"step-1.txt"}));
  const Response got = house.get("/api/sample", {{"id", "m/one"}, {"name", "step-1.txt"}});
  CHECK(got.body == "a text");
  CHECK(got.type == "text/plain; charset=utf-8");
}

TEST_CASE("a stream goes on from a position, and ends when the server does") {
  House house;
  const auto first = [&](const std::string& from) {
    const Response got = house.get("/api/events", {{"id", "m/one"}, {"from", from}});
    std::string piece;
    if (got.stream) got.stream(piece);
    return piece;
  };
  const std::string part = first("0-0");
  CHECK(part.starts_with("id: "));
  CHECK(part.find("\nevent: part\ndata: {\"series\":") != std::string::npos);
  CHECK(part.ends_with("}\n\n"));
  const std::string position = part.substr(4, part.find('\n') - 4);
  CHECK(first(position).starts_with("event: status\n"));
  CHECK(first("77777-1").starts_with("event: reset\n"));
  CHECK(house.get("/api/events", {{"id", "m/one"}, {"from", "x"}}).status == 400);
  const Response open = house.get("/api/events", {{"id", "m/one"}, {"from", position}});
  std::string piece;
  CHECK(open.stream(piece));
  record(house.folder.path() / "m/one", testing::epoch_event(2, 0.25));
  house.routes.stop();
  piece.clear();
  CHECK(open.stream(piece));  // what was recorded last is still sent
  CHECK(piece.find("0.25") != std::string::npos);
  piece.clear();
  CHECK(!open.stream(piece));
}

TEST_CASE("a note is kept whole or not at all") {
  House house;
  CHECK(house.post("/api/note", R"({"name": "wide", "tags": ["a", "b"]})").status == 200);
  CHECK(house.post("/api/note", R"({"note": "a \u0001 word"})").status == 200);
  const job::RunNotes notes = job::read_notes(house.folder.path() / "m/one");
  CHECK(notes.name == "wide");
  CHECK(notes.note == "a \x01 word");
  CHECK(notes.tags == std::vector<std::string>{"a", "b"});
  for (const char* body : {"", "[]", "{\"name\": 3}", "{\"tags\": \"a\"}", "{\"tags\": [1]}",
                           "{\"name\": \"a/b\"}", "{\"name\": \"a@b\"}", "{\"note\": \"x\""}) {
    CAPTURE(body);
    CHECK(house.post("/api/note", body).status == 400);
  }
  CHECK(house.post("/api/note", "{\"note\": \"" + std::string(10'000, 'x') + "\"}").status == 400);
  CHECK(job::read_notes(house.folder.path() / "m/one") == notes);
}

TEST_CASE("what does not run can be neither stopped nor saved") {
  House house;
  const Response got = house.post("/api/stop", "");
  CHECK(got.status == 409);
  CHECK(json::parse(got.body)["error"] == "the run 'one' does not run");
  CHECK(house.post("/api/save", "").status == 409);
  CHECK(house.post("/api/eat", "").status == 404);
}

TEST_CASE("Prometheus' text: each name once, labels escaped") {
  House house;
  testing::make_run(house.folder.path(), "m/a \"b\" \\ c");
  const std::string text = house.get("/metrics").body;
  CHECK(text.find("fdl_step{run=\"m/one\"} 1\n") != std::string::npos);
  CHECK(text.find("{run=\"m/a \\\"b\\\" \\\\ c\",state=\"new\"} 1\n") != std::string::npos);
  CHECK(text.find("# TYPE fdl_step gauge") == text.rfind("# TYPE fdl_step gauge"));
}

TEST_CASE("a port that is taken is told of (FDL5450)") {
  const TemporaryFolder folder;
  DashboardSpec spec;
  spec.folder = folder.path();
  const auto first = Dashboard::start(spec);
  REQUIRE(first.has_value());
  spec.port = std::stoi((*first)->address().substr((*first)->address().rfind(':') + 1));
  const auto second = Dashboard::start(spec);
  REQUIRE(!second.has_value());
  CHECK(second.error().code == Code::CannotListen);
  spec.port = 0;
  spec.host = "203.0.113.7";  // of nobody: RFC 5737
  CHECK(!Dashboard::start(spec).has_value());
}

}  // namespace fdl::serve
