/** What a client hands over with a command. The daemon's client door implements and fills these. */
@NullMarked
package dev.kapal.cli.context;

import org.jspecify.annotations.NullMarked;
