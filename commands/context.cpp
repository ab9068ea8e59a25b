#include "commands/context.h"

#include <algorithm>
#include <cstdio>

namespace fdl::commands {

void Context::print(const std::string& text) const {
  if (write_out) return write_out(text);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Context::tell(const std::string& text) const {
  if (write_err) return write_err(text);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void Context::report(const Diagnostics& found, bool json) const {
  if (!json) return tell(to_text(found, color_err));
  for (const Diagnostic& d : found.sorted()) print(to_json(d) + "\n");
}

int Context::fail(const Diagnostic& d, bool json) const {
  Diagnostics one;
  one.add(d);
  report(one, json);
  return static_cast<int>(exit_code_of(d.code));
}

std::optional<std::string> Context::ask(const std::string& question) const {
  if (!ask_person) return std::nullopt;
  return ask_person(question);
}

std::string Context::variable(const std::string& name) const {
  const auto found = environment.find(name);
  return found != environment.end() ? found->second : "";
}

ExitCode exit_code_of(Code code) {
  const int number = static_cast<int>(code);
  const bool is_data = code == Code::DataMissing || code == Code::DataCorrupt ||
                       code == Code::RunMissing || code == Code::BadInput ||
                       code == Code::WeightsMissing || code == Code::WeightsMismatch ||
                       code == Code::CannotExport;
  if (number < 5000 || is_data || code == Code::BadCommandLine) return ExitCode::BadInput;
  const bool not_ready = (number >= 5300 && number < 5400) || code == Code::EngineMissing;
  return not_ready ? ExitCode::NotReady : ExitCode::Failed;
}

ExitCode exit_code_of(const Diagnostics& found) {
  ExitCode code = ExitCode::NotReady;
  for (const Diagnostic& d : found.sorted()) {
    if (d.severity == Severity::Error) code = std::min(code, exit_code_of(d.code));
  }
  return code;
}

}  // namespace fdl::commands
