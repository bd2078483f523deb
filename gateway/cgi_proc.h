/* SPDX-License-Identifier: MIT */
/* A CGI program that serves one request; internal to the gateway. */
#ifndef OUTRIDER_GATEWAY_CGI_PROC_H
#define OUTRIDER_GATEWAY_CGI_PROC_H

struct gate;

/* Starts the program of gate->request through the spawner of gate->t. May fail the gate at once. */
void cgi_serve(struct gate *);

#endif
