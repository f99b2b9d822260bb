/*
 * kill_points.h - included before each of the library's sources, so that a test can kill a thread
 * at every KILL_POINT.
 */
#pragma once

void kill_point(const char *name);
#define KILL_POINT(name) kill_point(name)
