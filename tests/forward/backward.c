/* A DLL that has nothing of its own: its export list sends its callers elsewhere. */
void backward_nothing(void);

void backward_nothing(void)
{
}
