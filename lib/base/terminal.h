#pragma once

namespace fdl {

// Whether the stream is a terminal.
bool is_terminal(int fd);

// Whether to print colours there: a terminal, NO_COLOR unset or empty, TERM not "dumb".
bool wants_color(int fd);

// Columns of the terminal on `fd`; 80 when it is none.
int terminal_width(int fd);

}  // namespace fdl
