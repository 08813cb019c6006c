/** The commands. */
@NullMarked
package dev.kapal.cli.command;

import org.jspecify.annotations.NullMarked;
