/** What people see: streams, tables, sizes, durations, progress, JSON. */
@NullMarked
package dev.kapal.cli.output;

import org.jspecify.annotations.NullMarked;
